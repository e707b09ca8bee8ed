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
install = $(python) -m pip install --quiet --disable-pip-version-check
pytest = $(python) -m pytest -n $(WORKERS) --dist loadgroup --timeout 600
compile = $(python) -m uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-annotate --no-header $(UPGRADE)

.DEFAULT_GOAL = help
.PHONY: help test lint demo torture bench browser matrix docs lock clean

help: ## Say what there is to make
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1	\2/p' Makefile

test: lint ## Lint, types and all tests; sets itself up
	$(pytest) $(ARGS)

lint: $(ready) ## Lint, format and types only
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m mypy

demo: $(ready) ## The end-to-end test breaks, resumes and passes
	$(python) -m examples.mge_v2.demo

torture: $(ready) ## The long campaigns
	$(pytest) -m "torture or hypothesis" --hypothesis-profile torture $(ARGS)

bench: $(ready) ## Every benchmark, each beside a peer or a limit
	@set -e; for script in benchmarks/[a-z]*.py; do \
		echo "== $$script"; $(python) "$$script"; \
	done

browser: $(ready) ## The tests in a real browser; installs Debian's chromium if none is there
	command -v chromium google-chrome || apt-get install --yes --no-install-recommends chromium
	$(pytest) tests/browser $(ARGS)

matrix: $(ready) ## All Pythons and pytests that this machine has, and the wheel
	$(python) -m nox $(ARGS)

docs: $(ready) ## Generate docs/reference.md
	$(python) docs/reference.py

lock: $(ready) ## Pin requirements/*.in with hashes
	$(install) --require-hashes -r requirements/lock.txt
	$(compile) --all-extras pyproject.toml requirements/test.in -o requirements/test.txt
	$(compile) --no-deps requirements/pytest-8.4.in -o requirements/pytest-8.4.txt
	$(compile) requirements/lock.in -o requirements/lock.txt

# Checkpoints stay: they hold results that were paid for. `milepost rm` removes them.
clean: ## Remove what was set up and built
	rm -rf $(VENV) .nox .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist

# Touched last, so that a set-up which was interrupted is done again.
$(ready): requirements/test.txt pyproject.toml | $(VENV)/bin/pip
	@echo "Setting up $(VENV): once, and again when a requirement changes"
	$(install) --require-hashes -r requirements/test.txt
	$(install) --no-deps --no-build-isolation --editable .
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
