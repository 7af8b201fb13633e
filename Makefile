# Everything a newcomer needs is `make demo`; every target sets itself up. Needs make and Python 3.11, 3.12 or 3.13.

VENV ?= .venv
BIN  := $(VENV)/bin

# The newest Python here that the product supports; `make PYTHON=/path/to/python3.12 setup` overrides it.
USABLE := import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	if "$$p" -c "$(USABLE)" >/dev/null 2>&1; then echo "$$p"; break; fi; done)

# Passed on to `tminus demo`, e.g. make demo DEMO="--once"
DEMO ?=
# Passed on to pytest, e.g. make test TESTS="tests/unit -k calendar"
TESTS ?=

# Passed on to the benchmarks, e.g. make bench BENCH="--only launch"
BENCH ?=

# The length of a chaos run and the seed of its schedule, e.g. make chaos SEED=7 MINUTES=10
MINUTES ?= 5
SEED ?=

# One lock for every platform and Python, with hashes and without addresses; LOCK_FLAGS=--upgrade moves versions.
LOCK_FLAGS ?=
LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes --no-config --no-emit-index-url --no-header \
	--quiet $(LOCK_FLAGS)

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-long chaos check format bench lock hooks clean

help:  ## This list
	@sed -n 's/^\([a-z-]*\):.*##/\1 \t/p' $(MAKEFILE_LIST) | expand -t 12

setup: $(VENV)/.ready  ## A virtual environment with exactly the locked packages

# --no-build-isolation: the build backend is in the lock too, so nothing unlocked is ever downloaded.
$(VENV)/.ready: requirements/dev.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "No usable Python: install Python 3.11, 3.12 or 3.13 with its venv module \
	(Debian: apt install python3 python3-venv), or name one: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked packages into $(VENV) (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q service connectors
	@touch $@

demo: setup  ## The main job on two simulated trackers, live in the terminal
	@$(BIN)/tminus demo $(DEMO)

# Three at a time on two cores, as the long ones mostly wait; and in the order of the folders, so that those come first.
test: setup  ## All tests but the long ones, on SQLite and on a real PostgreSQL
	@$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not long" $(TESTS)

test-long: setup  ## The long tests only
	@$(BIN)/pytest -n 2 --dist worksteal -m long --hypothesis-profile=default $(TESTS)

chaos: setup  ## Weeks of faults, deaths and changes of mind in MINUTES=5; SEED=n replays a schedule
	@$(BIN)/python -m tests.faults.chaos --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

check: setup  ## Format, lint, types, import rules, architecture and documents
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/pytest tests/test_architecture.py tests/test_docs.py tests/test_docs_settings.py tests/test_docs_templates.py

format: setup  ## Rewrite the code in the one format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: setup  ## Measure the figures that we promise
	@$(BIN)/python -m tests.bench $(BENCH)

lock: setup  ## Write requirements/*.txt anew from pyproject.toml, keeping versions where they still fit
	@$(BIN)/$(LOCK) pyproject.toml --extra dev --extra otel --group build --output-file requirements/dev.txt
	@$(BIN)/$(LOCK) pyproject.toml --extra otel --constraints requirements/dev.txt --output-file requirements/run.txt
	@$(BIN)/$(LOCK) --group build --constraints requirements/dev.txt --output-file requirements/build.txt

hooks: setup  ## Let git run the quick checks before each commit
	@$(BIN)/pre-commit install

clean:  ## Remove the virtual environment and every cache
	@rm -rf $(VENV) .mypy_cache .ruff_cache .import_linter_cache .hypothesis dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
