"""What the walks share is no test module, and its assertions are to explain themselves like those of one."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.torture.checking")
