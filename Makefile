# `make demo` and `make test` each work alone on a fresh clone; all they need is make and Python 3.11 or newer.
# Another Python:       make demo PYTHON=python3.12
# Some of the tests:    make test ARGS="tests/data -k idx"

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin

LOWEST := .venv-lowest
NEWEST := .venv-newest
WHEEL := .venv-wheel
MOST_BYTES := 3000000
# Without a network, where the system lets a user take it away from a command.
OFFLINE := $(shell unshare --map-root-user --net true 2>/dev/null && echo unshare --map-root-user --net)
# The ways into honmono, in tests that take a minute together: the command, Python, the README.
WAYS_IN := tests/cli tests/test_readme.py tests/generation/test_load.py tests/test_bounds.py tests/metrics/test_fid.py
TESTED := --editable . pytest pytest-xdist beartype
# Tests run in two processes of one thread each; `make test ARGS="-n 0 --pdb"` runs them in one.
PYTEST := -m pytest --numprocesses 2 --dist worksteal

install = $(1)/bin/python -m pip install --quiet --disable-pip-version-check

# A short demo in which any warning is an error, then the tests.
define test-ways-in
	rm -rf $(1)/demo
	cd $(1) && bin/python -W error -m honmono train --steps 50 --run demo
	$(1)/bin/python $(PYTEST) $(WAYS_IN)
endef

.NOTPARALLEL:
.PHONY: help demo test test-slow test-browser test-lowest test-newest test-wheel docs dist check lint types format clean

help: ## say what each command does (the default)
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

demo: $(VENV)/core.stamp ## train on the built-in digits and name the picture that it made
	$(BIN)/honmono train

test: $(VENV)/dev.stamp ## run the tests (ARGS go to pytest)
	$(BIN)/python $(PYTEST) $(ARGS)

test-slow: $(VENV)/dev.stamp ## run the slow tests: kills, torchrun, every study, full size
	$(BIN)/python $(PYTEST) -m slow --durations=5

test-browser: $(VENV)/browser.stamp ## run the tests of pages, in the machine's Chromium; npm fetches what the pages run
	$(BIN)/python -m pytest -m browser

test-lowest: $(LOWEST)/stamp ## the same with the lowest versions that pyproject.toml promises: the demo, the tests of each way in
	$(call test-ways-in,$(LOWEST))

test-newest: $(NEWEST)/bin/pip ## the same with the newest versions that there are
	@echo "Installing the newest versions into $(NEWEST): minutes the first time."
	$(call install,$(NEWEST)) --upgrade --upgrade-strategy eager $(TESTED)
	$(call test-ways-in,$(NEWEST))

docs: $(VENV)/dev.stamp ## build the site of the documentation into build/site; any warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

dist: $(VENV)/dev.stamp ## build the wheel and the source archive
	rm -rf dist build
	$(BIN)/python -m build --outdir dist >/dev/null

test-wheel: dist $(WHEEL)/bin/pip ## build the wheel, install it into an environment of its own, train and sample offline
	@size=$$(cat dist/*.whl | wc -c); echo "the wheel has $$size bytes"; test $$size -lt $(MOST_BYTES)
	@echo "Installing the wheel into $(WHEEL): minutes the first time."
	$(call install,$(WHEEL)) --constraint constraints.txt --force-reinstall --no-deps dist/*.whl
	$(call install,$(WHEEL)) --constraint constraints.txt dist/*.whl
	rm -rf $(WHEEL)/demo
	cd $(WHEEL) && $(OFFLINE) bin/honmono train --steps 50 --run demo
	cd $(WHEEL) && $(OFFLINE) bin/honmono sample demo --out demo/digits.png
	cd $(WHEEL) && $(OFFLINE) bin/honmono evaluate demo --metrics prdc,labels --num 1000

check: lint types docs test test-slow test-browser test-lowest test-newest test-wheel ## all that CI checks

lint: $(VENV)/dev.stamp ## check format and lint
	$(BIN)/ruff format --check
	$(BIN)/ruff check

types: $(VENV)/dev.stamp ## check types
	$(BIN)/pyright

format: $(VENV)/dev.stamp ## format, and mend what lint can mend
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

clean: ## remove the environment and the caches; runs/ stays
	rm -rf $(VENV) $(LOWEST) $(NEWEST) $(WHEEL) build dist src/*.egg-info .pytest_cache .ruff_cache
	find src tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

# pip is the last file that venv writes, so an interrupted one is begun again.
%/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	  "honmono needs Python 3.11 or newer, and this one is " + sys.version.split()[0] + \
	  "; name another one: make PYTHON=python3.12")'
	$(PYTHON) -m venv $*

$(VENV)/core.stamp: pyproject.toml constraints.txt | $(BIN)/pip
	@echo "Installing honmono into $(VENV): minutes the first time, nothing afterwards."
	$(call install,$(VENV)) --constraint constraints.txt --editable .
	@touch $@

# The development environment holds the core, so that `make demo` after `make test` installs nothing.
$(VENV)/dev.stamp: pyproject.toml constraints.txt | $(BIN)/pip
	@echo "Installing honmono and its development tools into $(VENV): minutes the first time, nothing afterwards."
	$(call install,$(VENV)) --constraint constraints.txt --editable '.[dev]'
	@touch $(VENV)/core.stamp $@

$(VENV)/browser.stamp: pyproject.toml constraints.txt | $(VENV)/dev.stamp
	$(call install,$(VENV)) --constraint constraints.txt --editable '.[dev,browser]'
	@touch $@

$(LOWEST)/stamp: pyproject.toml constraints-lowest.txt | $(LOWEST)/bin/pip
	@echo "Installing the lowest versions into $(LOWEST): minutes the first time, nothing afterwards."
	$(call install,$(LOWEST)) --constraint constraints-lowest.txt $(TESTED)
	@touch $@
