# `make demo` and `make test` each work alone on a fresh clone; all they need is make and Python 3.11 or newer.
# Another Python:       make demo PYTHON=python3.12
# Some of the tests:    make test ARGS="tests/data -k idx"

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.NOTPARALLEL:
.PHONY: help demo test check lint types format clean

help: ## say what each command does (the default)
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

demo: $(VENV)/core.stamp ## train on the built-in digits and name the picture that it made
	$(BIN)/honmono train

test: $(VENV)/dev.stamp ## run the tests (ARGS go to pytest)
	$(BIN)/python -m pytest $(ARGS)

check: lint types test ## all that CI checks

lint: $(VENV)/dev.stamp ## check format and lint
	$(BIN)/ruff format --check
	$(BIN)/ruff check

types: $(VENV)/dev.stamp ## check types
	$(BIN)/pyright

format: $(VENV)/dev.stamp ## format, and mend what lint can mend
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

clean: ## remove the environment and the caches; runs/ stays
	rm -rf $(VENV) build dist src/*.egg-info .pytest_cache .ruff_cache
	find src tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

# pip is the last file that venv writes, so an interrupted one is begun again.
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	  "honmono needs Python 3.11 or newer, and this one is " + sys.version.split()[0] + \
	  "; name another one: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/core.stamp: pyproject.toml constraints.txt | $(BIN)/pip
	@echo "Installing honmono into $(VENV): minutes the first time, nothing afterwards."
	$(INSTALL) --editable .
	@touch $@

# The development environment holds the core, so that `make demo` after `make test` installs nothing.
$(VENV)/dev.stamp: pyproject.toml constraints.txt | $(BIN)/pip
	@echo "Installing honmono and its development tools into $(VENV): minutes the first time, nothing afterwards."
	$(INSTALL) --editable '.[dev]'
	@touch $(VENV)/core.stamp $@
