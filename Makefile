# Everything a developer or a newcomer runs. It needs Python 3.11 or newer and make; `make` alone says what there is.
PYTHON ?= python3
UV_VERSION := 0.13.9
BIN := .venv/bin
READY := .venv/.ready

export UV_PROJECT_ENVIRONMENT := .venv
export UV_PYTHON_DOWNLOADS := never

.DEFAULT_GOAL := help
.PHONY: help setup demo serve test test-system lint bench docs clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do \
		printf '%-18s %s\n' "$$name" "$$what"; done

setup: $(READY) ## Install everything into .venv, pinned by uv.lock; leaves .venv/bin/ffmill

demo: $(READY) ## Start the service, convert the clip in examples/media and show the result
	$(BIN)/python examples/demo.py

serve: $(READY) ## Run the service on http://127.0.0.1:8000 until Ctrl-C
	$(BIN)/ffmill serve

test: $(READY) ## Run every test that needs nothing but this directory
	$(BIN)/pytest -m "not system"

test-system: $(READY) ## Run the tests that need root or what only apt brings
	$(BIN)/pytest -m system

lint: $(READY) ## Check style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/basedpyright

bench: $(READY) ## Measure what a job costs beyond raw ffmpeg
	$(BIN)/python bench/overhead.py

docs: $(READY) ## Build the documentation into site/
	$(BIN)/python docs/generate_settings.py
	$(BIN)/zensical build --clean --strict

clean: ## Remove what was built: .venv, site and caches; ffmill-data stays
	rm -rf .venv site .cache .pytest_cache .ruff_cache .hypothesis

$(READY): pyproject.toml uv.lock $(BIN)/uv
	$(BIN)/uv sync --frozen --python $(BIN)/python
	@touch $@

$(BIN)/uv: Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "ffmill needs Python 3.11 or newer: make setup PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet uv==$(UV_VERSION)
	@touch $@
