# Everything happens inside the virtual environment .venv; make and a Python with its venv module are all that is needed.
# `make PYTHON=python3.12 …` chooses the interpreter, else it is the first of CANDIDATES that is new enough.

CANDIDATES := python3 python3.13 python3.12 python3.11
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(firstword $(foreach python,$(CANDIDATES),$(shell $(python) -c '$(NEW_ENOUGH)' 2>/dev/null && echo $(python))) python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CACHES := .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo up test test-unit test-browser bench lint clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

install: $(STAMP) ## Create .venv with everything in it (the other targets do so by themselves)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c '$(NEW_ENOUGH)' 2>/dev/null || \
	  { echo "Runfolio needs Python 3.11 or newer, which '$(PYTHON)' is not; name one: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "'$(PYTHON)' has no venv module; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing into $(VENV); this takes a minute or two."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(STAMP) ## Run one execution through the whole stack and show the archive that comes out
	@$(BIN)/python -m runfolio.demo

up: $(STAMP) ## Run everything on this machine, with data in .runfolio, until Ctrl-C (make up PORT=8001)
	@$(BIN)/runfolio up $(if $(PORT),--port $(PORT))

test: $(STAMP) ## Run all tests: unit, integration, acceptance, browser
	@$(BIN)/python -m pytest

test-unit: $(STAMP) ## Run the unit tests alone, which need no server
	@$(BIN)/python -m pytest tests/unit

test-browser: $(STAMP) ## Run the tests that drive a real Chromium, which the system must have
	@$(BIN)/python -m pytest tests/browser

bench: $(STAMP) ## Measure what README's section "Measured" quotes
	@$(BIN)/python -m bench

lint: $(STAMP) ## Check style and types
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy

clean: ## Remove .venv, caches and build output; never the data in .runfolio
	@rm -rf .venv $(CACHES) ./*.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "Removed .venv, caches and build output. Data in .runfolio is untouched."
