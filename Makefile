# Two commands a newcomer needs: `make demo` and `make test`. Every target makes .venv from the lock first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DAYS ?= 14
SERVE ?= 1

.DEFAULT_GOAL := help
.PHONY: help demo test lint types unit bench drills drill-outbound lock clean

help: ## what each target does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

$(VENV)/.locked: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "casehouse needs Python 3.11 or newer; set PYTHON=/path/to/one")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the locked packages into $(VENV) (about a minute the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(VENV)/.locked ## the whole product on invented data; DAYS=n sets the span, SERVE=0 ends after printing
	@$(BIN)/casehouse demo --days $(DAYS) $(if $(filter 0,$(SERVE)),--no-serve,--serve)

test: lint types unit ## lint, types and every test

lint: $(VENV)/.locked
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/.locked
	@$(BIN)/mypy

unit: $(VENV)/.locked
	@$(BIN)/pytest -n auto

bench: $(VENV)/.locked ## ratios against plain tools, measured side by side
	@$(BIN)/python -m bench

drills: $(VENV)/.locked ## failures played in a sandbox of their own, with a scorecard; DRILL="name ..." plays some
	@$(BIN)/casehouse drill $(DRILL)

drill-outbound: $(VENV)/.locked ## signed calls for three minutes; kill 200 dispatchers at random; count what is there
	@$(BIN)/python -m bench.drill_clock
	@$(BIN)/python -m bench.drill_outbound

lock: $(VENV)/.locked ## refresh requirements.lock to the newest versions pyproject.toml allows
	@$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.11 --extra dev \
		--no-header --no-strip-extras --no-emit-index-url --no-emit-find-links --output-file requirements.lock pyproject.toml

clean: ## forget the demo's data, Dagster's storage and the virtual environment
	rm -rf $(VENV) .dagster warehouse/data
