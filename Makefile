# make demo    a call between two processes, its ladder on the terminal
# make test    everything that is checked: tests, types, style, layering, coverage
# make bench   what a message, a transaction and a call cost
# make fuzz    inputs that nobody thought of, guided by coverage; RUNS=... of them, 20 million unless told
# make simulate  CALLS=... calls through a bad network in virtual time, a million unless told; then IMPROVISED=... whose
#              ends follow no plan, a hundred thousand unless told; then NETWORKS=... in which everything happens at once,
#              five thousand unless told
# make bench-million  the same for transactions, with a million alive
# make docs    write the generated pages of docs/ again, and the diagrams in the others
# make site    docs/ as HTML in build/site, every machine drawn

.DELETE_ON_ERROR:
.PHONY: demo test bench bench-million fuzz simulate docs site dot peers clean

PY := .venv/bin/python
RUNS := 20000000
CALLS := 1000000
IMPROVISED := 100000
NETWORKS := 5000
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# The tests start hundreds of programs, which need not each compile the same modules anew.
unexport PYTHONDONTWRITEBYTECODE

demo: .venv/installed
	@.venv/bin/sipsm demo

test: .venv/installed-test peers
	@$(PY) -m coverage erase
	@$(PY) -m coverage run -m pytest --numprocesses auto --dist worksteal
	@$(PY) -m coverage combine --quiet
	@$(PY) -m coverage report

bench: .venv/installed
	@$(PY) -m benchmarks

bench-million: .venv/installed
	@$(PY) -m benchmarks.transactions

fuzz: .venv/installed-fuzz
	@mkdir -p build/fuzz
	@$(PY) -m tests.fuzz build/fuzz -runs=$(RUNS)

simulate: .venv/installed
	@$(PY) -m tests.simulation --calls $(CALLS) --jobs 0
	@$(PY) -m tests.simulation.improvised_calls --calls $(IMPROVISED) --jobs 0
	@$(PY) -m tests.simulation.mixed --networks $(NETWORKS) --jobs 0

docs: .venv/installed-test
	@$(PY) -m docs.generate

site: .venv/installed-docs dot
	@$(PY) -m sphinx -q -W --keep-going -E -d build/doctrees docs build/site
	@echo build/site/index.html

# The first Python on the path that is new enough, with the module that makes virtual environments.
.venv/bin/python:
	@set -eu; \
	for python in python3.11 python3 python3.12 python3.13 python3.14; do \
	    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$${found:-}" ]; then echo "Python 3.11 or newer is needed, and was not found on the path." >&2; exit 1; fi; \
	if ! "$$found" -c 'import ensurepip, venv' 2>/dev/null; then \
	    if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	        apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends python3-venv >/dev/null; \
	    else \
	        echo "$$found cannot make virtual environments. On Debian: sudo apt-get install python3-venv" >&2; exit 1; \
	    fi; \
	fi; \
	"$$found" -m venv .venv

.venv/installed: pyproject.toml | .venv/bin/python
	@$(PY) -m pip install --quiet --editable .
	@touch $@

.venv/installed-test: pyproject.toml | .venv/bin/python
	@$(PY) -m pip install --quiet --editable '.[test]'
	@touch $@ .venv/installed

.venv/installed-fuzz: .venv/installed-test
	@$(PY) -m pip install --quiet --editable '.[test,fuzz]'
	@touch $@

.venv/installed-docs: pyproject.toml | .venv/bin/python
	@$(PY) -m pip install --quiet --editable '.[docs]'
	@touch $@ .venv/installed

# The suite talks to SIP programs that are not ours.
PEERS := sip-tester sipsak baresip kamailio kamailio-presence-modules kamailio-sqlite-modules kamailio-tls-modules openssl
peers:
	@if command -v sipp >/dev/null && command -v sipsak >/dev/null && command -v baresip >/dev/null && \
	    command -v openssl >/dev/null && command -v kamailio >/dev/null && \
	    ls $(foreach each,presence db_sqlite tls,/usr/lib/*/kamailio/modules/$(each).so) >/dev/null 2>&1; then \
	    :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $(PEERS) >/dev/null; \
	else \
	    echo "The tests talk to sipp, sipsak, baresip, kamailio and openssl. On Debian: sudo apt-get install $(PEERS)" >&2; exit 1; \
	fi

# The machines are drawn by Graphviz.
dot:
	@if command -v dot >/dev/null; then \
	    :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends graphviz >/dev/null; \
	else \
	    echo "The site is drawn by Graphviz. On Debian: sudo apt-get install graphviz" >&2; exit 1; \
	fi

clean:
	rm -rf .venv .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
