# `make test` and `make demo` set themselves up: they need Python 3.11 or later, and make.

# The first of these that is 3.11 or later is used: make test PYTHON=python3.12
PYTHON ?= python3 python3.13 python3.12 python3.11
VENV ?= .venv
WORKERS ?= 2
# For pytest: make test ARGS="-k resume"
ARGS ?=
# make lock UPGRADE=--upgrade
UPGRADE ?=

python = $(VENV)/bin/python
ready = $(VENV)/.ready
# The SDKs on httpx, which cannot lie beside those on httpx2: for tests/sdks.
sdks = $(VENV)-sdks
sdks_ready = $(sdks)/.ready
export SDKS_PYTHON = $(abspath $(sdks))/bin/python
# The peers beside which benchmarks measure.
peers = $(VENV)-bench
peers_ready = $(peers)/.ready
export PEERS_PYTHON = $(abspath $(peers))/bin/python
install = $(python) -m pip install --quiet --disable-pip-version-check
pytest = $(python) -m pytest -n $(WORKERS) --dist loadgroup --timeout 600
uv_ready = $(VENV)/.uv
uv = $(python) -m uv
compile = $(uv) pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-annotate --no-header $(UPGRADE)

.DEFAULT_GOAL = help
.PHONY: help test lint demo torture bench browser matrix docs lock clean

help: ## Say what there is to make
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1	\2/p' Makefile

test: lint $(sdks_ready) ## Lint, types and all tests; sets itself up
	$(pytest) $(ARGS)

lint: $(ready) ## Lint, format and types only
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m mypy

demo: $(ready) ## The end-to-end test breaks, resumes and passes
	$(python) -m examples.mge_v2.demo

torture: $(ready) $(sdks_ready) ## The long campaigns
	$(pytest) -m "torture or hypothesis" --hypothesis-profile torture $(ARGS)

bench: $(ready) $(peers_ready) ## Every benchmark, each beside a peer or a limit
	@set -e; for script in benchmarks/[a-z]*.py; do \
		echo "== $$script"; $(python) "$$script"; \
	done

browser: $(ready) ## The tests in a real browser; installs Debian's chromium if none is there
	command -v chromium google-chrome || apt-get install --yes --no-install-recommends chromium
	$(pytest) tests/browser $(ARGS)

matrix: $(ready) $(sdks_ready) ## All Pythons and pytests that this machine has, and the wheel
	$(python) -m nox $(ARGS)

docs: $(ready) ## Generate docs/reference.md
	$(python) docs/reference.py

lock: $(uv_ready) ## Pin requirements/*.in with hashes
	$(compile) --all-extras pyproject.toml requirements/test.in -o requirements/test.txt
	$(compile) --no-deps requirements/pytest-8.4.in -o requirements/pytest-8.4.txt
	$(compile) pyproject.toml requirements/sdks.in --override requirements/sdks.overrides \
		-o requirements/sdks.txt
	$(compile) requirements/bench.in -o requirements/bench.txt
	$(compile) requirements/lock.in -o requirements/lock.txt

# Checkpoints stay: they hold results that were paid for. `milepost rm` removes them.
clean: ## Remove what was set up and built
	rm -rf $(VENV) $(sdks) $(peers) .nox .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist

# Touched last, so that a set-up which was interrupted is done again.
$(ready): requirements/test.txt pyproject.toml | $(VENV)/bin/pip
	@echo "Setting up $(VENV): once, and again when a requirement changes"
	$(install) --require-hashes -r requirements/test.txt
	$(install) --no-deps --no-build-isolation --editable .
	@touch $@

$(uv_ready): requirements/lock.txt $(ready)
	$(install) --require-hashes -r requirements/lock.txt
	@touch $@

# The lock is complete, overrides included: nothing is left to resolve.
$(sdks_ready): requirements/sdks.txt pyproject.toml $(uv_ready)
	@echo "Setting up $(sdks): once, and again when a requirement changes"
	$(uv) venv --quiet --clear --python $(python) $(sdks)
	$(uv) pip install --quiet --no-deps --compile-bytecode --python $(sdks)/bin/python \
		--require-hashes -r requirements/sdks.txt
	$(uv) pip install --quiet --no-deps --no-build-isolation --python $(sdks)/bin/python \
		--editable .
	@touch $@

$(peers_ready): requirements/bench.txt $(uv_ready)
	@echo "Setting up $(peers): once, and again when a requirement changes"
	$(uv) venv --quiet --clear --python $(python) $(peers)
	$(uv) pip install --quiet --no-deps --compile-bytecode --python $(peers)/bin/python \
		--require-hashes -r requirements/bench.txt
	@touch $@

$(VENV)/bin/pip:
	@for candidate in $(PYTHON); do \
		if "$$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			exec "$$candidate" -m venv --clear $(VENV); \
		fi; \
	done; \
	echo "milepost needs Python 3.11 or later with its venv module."; \
	echo "  None of these is one: $(PYTHON)."; \
	echo "  Install it (Debian and Ubuntu: apt install python3-venv), or name it: make test PYTHON=/path/to/python3"; \
	exit 1
