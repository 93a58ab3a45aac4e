"""`python -m sipsm`: hands over to the command line."""

from sipsm_cli import main

raise SystemExit(main())
