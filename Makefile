# Everything happens inside the virtual environment .venv; make and a Python with its venv module are all that is needed.
# `make PYTHON=python3.12 …` chooses the interpreter, else it is the first of CANDIDATES that is new enough.

CANDIDATES := python3 python3.13 python3.12 python3.11
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(firstword $(foreach python,$(CANDIDATES),$(shell $(python) -c '$(NEW_ENOUGH)' 2>/dev/null && echo $(python))) python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
AXE := $(VENV)/npm/node_modules/axe-core/axe.min.js
AXE_VERSION := 4.14.1
ATHERIS_VERSION := 3.0.0
# A process of tests a core, each with servers of its own; a test that waits leaves its core to another.
PARALLEL := --numprocesses=auto --maxprocesses=4 --dist=worksteal
CACHES := .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo up test test-unit test-browser fuzz audit screenshots bench chaos engines-check lint clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

install: $(STAMP) $(AXE) ## Create .venv with everything in it (the other targets do so by themselves)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c '$(NEW_ENOUGH)' 2>/dev/null || \
	  { echo "Runfolio needs Python 3.11 or newer, which '$(PYTHON)' is not; name one: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "'$(PYTHON)' has no venv module; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing into $(VENV); this takes a minute or two."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

# The tests of the pages ask axe-core about accessibility; without npm they are skipped, visibly.
$(AXE): $(STAMP)
	@if command -v npm >/dev/null; then \
	  npm install --silent --no-save --no-package-lock --no-audit --no-fund --prefix $(VENV)/npm axe-core@$(AXE_VERSION); fi

demo: $(STAMP) ## Run one execution through the whole stack and show the archive that comes out
	@$(BIN)/python -m runfolio.demo

up: $(STAMP) ## Run everything on this machine, with data in .runfolio, until Ctrl-C (make up PORT=8001)
	@$(BIN)/runfolio up $(if $(PORT),--port $(PORT))

test: $(STAMP) $(AXE) ## Run all tests: unit, integration, acceptance, browser
	@$(BIN)/python -m pytest $(PARALLEL)

test-unit: $(STAMP) ## Run the unit tests alone, which need no server
	@$(BIN)/python -m pytest $(PARALLEL) tests/unit

test-browser: $(STAMP) $(AXE) ## Run the tests that drive a real Chromium, which the system must have
	@$(BIN)/python -m pytest tests/browser

# Atheris has wheels for few platforms; without one its part is skipped, visibly.
fuzz: $(STAMP) ## Fuzz the gateway and what reads its input, and print what README shows (make fuzz SECONDS=60)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary=:all: atheris==$(ATHERIS_VERSION) 2>/dev/null || true
	@RUNFOLIO_FUZZ_SECONDS=$(or $(SECONDS),600) $(BIN)/python -m pytest -q tests/fuzz

audit: $(STAMP) ## Ask for known vulnerabilities of every dependency; skipped, visibly, where nobody can be asked
	@$(BIN)/python -m tests.dependencies

screenshots: $(STAMP) $(AXE) ## Write the pages' pictures that README shows
	@RUNFOLIO_SCREENSHOTS=docs/images/pages $(BIN)/python -m pytest -q tests/browser/test_looks.py

bench: $(STAMP) ## Measure against floor and peer (an hour at most; BENCH=--quick: a minute, for breakage alone; BENCH=--write)
	@$(BIN)/python -m bench $(BENCH)

chaos: $(STAMP) ## Kill, starve and drown a real stack, and count what is lost (15 minutes; CHAOS=--quick: 3)
	@$(BIN)/python -m bench.chaos $(CHAOS)

# Each engine is installed once, into build/engines, and takes minutes and gigabytes for it.
engines-check: $(STAMP) ## Run real engines with the integrations, and look at the archives (ENGINES="prefect n8n --write")
	@$(BIN)/python -m integrations.check $(ENGINES)

lint: $(STAMP) ## Check style and types
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy

clean: ## Remove .venv, caches and build output; never the data in .runfolio
	@rm -rf .venv $(CACHES) ./*.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "Removed .venv, caches and build output. Data in .runfolio is untouched."
