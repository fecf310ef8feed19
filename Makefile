# Needs Python 3.11 or newer and nothing else; `make` alone lists the targets.

PYTHON ?= python3
BIN := .venv/bin
UV := .uv/bin/uv
UV_VERSION := 0.13.9
export UV_PROJECT_ENVIRONMENT := .venv
export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1

# Tests of what FFmpeg does, whatever the service is made of: one kind of service will do.
WITH_ONE := recipes local_commands integrations

.DEFAULT_GOAL := help
.PHONY: help setup demo serve test test-cluster test-system lint format soak fuzz bench bench-scale docs clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r target what; do \
		printf '  make %-12s %s\n' "$$target" "$$what"; done

setup: .venv/ready  ## install everything into .venv, pinned by uv.lock

.venv/ready: pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "ffmill needs Python 3.11 or newer; name one, as: make setup PYTHON=python3.12"; exit 1; }
	@test -x $(UV) || $(PYTHON) -m venv .uv
	@$(UV) --version 2>/dev/null | grep -qwF "$(UV_VERSION)" || .uv/bin/python -m pip install --quiet uv==$(UV_VERSION)
	@$(UV) sync --quiet --frozen --python .uv/bin/python
	@touch $@

demo: setup  ## start the service, run a job on real footage, show the result
	@$(BIN)/python examples/demo.py

serve: setup  ## start the service and leave it running
	@$(BIN)/ffmill serve

test: setup  ## run every test that needs nothing but pip
	$(BIN)/pytest -m "not system" -n 3 --dist loadfile --ignore tests/faults
	$(BIN)/pytest -m "not system" -n 2 tests/faults  # apart: it tells how soon the service is well again

test-cluster: setup  ## run the acceptance tests against a cluster: PostgreSQL 16, S3, two APIs, two workers
	$(BIN)/pytest --service=cluster tests/acceptance $(foreach one,$(WITH_ONE),--ignore tests/acceptance/test_$(one).py)

test-system: setup  ## run the tests that need root, or what only apt brings
	$(BIN)/pytest -m system -n 2 --dist loadfile

lint: setup  ## check style and types
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/basedpyright

format: setup  ## put the code into shape
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

soak: setup  ## let random faults befall the service (SOAK_SEED, SOAK_SECONDS)
	@$(BIN)/python -m tests.faults.soak

fuzz: setup  ## fuzz what parses commands, progress and URLs, ten minutes long (FFMILL_FUZZ_SECONDS)
	@$(BIN)/python -m tests.fuzz

bench: setup  ## measure the service against raw ffmpeg, and its parts
	$(BIN)/python bench/overhead.py
	$(BIN)/python bench/dispatch.py
	$(BIN)/python bench/claims.py
	$(BIN)/python bench/submits.py
	$(BIN)/python bench/limits.py
	$(BIN)/python bench/streams.py
	$(BIN)/python bench/speed.py
	$(BIN)/python bench/restart.py
	$(BIN)/python -m bench.cage
	$(BIN)/python bench/caged_work.py

bench-scale: setup  ## measure ten million finished jobs; takes a while and 12 GB of disk
	$(BIN)/python bench/scale.py

docs: setup  ## build the documentation into site/
	$(BIN)/python docs/generate_settings.py
	$(BIN)/zensical build --strict --clean

clean:  ## remove what was made here, the service's data in ffmill-data apart
	rm -rf .venv .uv .cache site .pytest_cache .ruff_cache .hypothesis
