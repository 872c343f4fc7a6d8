PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

help: ## show this list
	@grep -E "^[a-z-]+:.*##" $(MAKEFILE_LIST) | sed -E "s/:.*## /\t/"

$(VENV)/installed: requirements-dev.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

install: $(VENV)/installed ## create the virtual environment and install from the lock file

demo: install ## seed a demo shop, train, and serve it on http://127.0.0.1:8000
	@$(BIN)/python -m seed

CONFORMANCE := tests/conformance

$(CONFORMANCE)/node_modules/.package-lock.json: $(CONFORMANCE)/package-lock.json
	npm ci --prefix $(CONFORMANCE)
	@touch $@

CHROMIUM := command -v chromium || command -v chromium-browser || command -v google-chrome

# Whoever may install these gets them, others are told.
tools: install
	@(($(CHROMIUM)) && command -v php) >/dev/null \
	|| (apt-get update -qq && apt-get install -y -qq chromium php-cli) >/dev/null 2>&1 \
	|| { echo "The tests need Chromium and PHP: apt-get install chromium php-cli"; exit 1; }
	@command -v promtool >/dev/null || test -x $(BIN)/promtool || $(PROMTOOL) >/dev/null 2>&1 \
	|| { echo "The tests of the alert rules need promtool, of Prometheus 2.42 or newer"; exit 1; }

# Installing the package would start a server, too.
PROMTOOL := (apt-get update -qq; cd $(VENV) && apt-get download -qq prometheus \
	&& dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool \
	&& mv usr/bin/promtool bin/ && rm -r usr prometheus_*.deb)

test: install tools $(CONFORMANCE)/node_modules/.package-lock.json ## install what is missing, run every check and every test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest

format: install ## format the code and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schema: install ## print the GraphQL schema to graphql_api/schema.graphql
	$(BIN)/python -m graphql_api.schema > graphql_api/schema.graphql.new
	mv graphql_api/schema.graphql.new graphql_api/schema.graphql

bench: install ## measure import, training and serving beside their floors (needs wrk)
	$(BIN)/python -m benchmarks

lock: ## compile the lock files anew from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --all-extras pyproject.toml -o requirements-dev.lock

clean: ## remove the virtual environment and all data of the embedded MongoDB
	rm -rf $(VENV) .data

.PHONY: help install demo tools test format schema bench lock clean
