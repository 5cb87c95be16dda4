# Frontdesk: `make demo` runs it, `make test` tests it, `make check` is all that CI runs.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
# Small matrices: threads of the linear algebra would only wait for one another.
export OPENBLAS_NUM_THREADS := 1
# Tests start hundreds of processes: none compiles the program anew.
export PYTHONDONTWRITEBYTECODE :=
BIN := $(VENV)/bin
CONFIG ?= config/examples/demo/frontdesk.yaml
SHARED ?= $(or $(FRONTDESK_SHARED),../shared)
# A worker a core: with more, browsers and killed processes starve one another.
PYTEST_ARGS ?= -n logical --dist worksteal --durations 30

.PHONY: help setup demo services test check lint tools bench eval lock schema clean new-channel

help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.run ## Make the environment and install the locked dependencies

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Frontdesk needs Python 3.11 or newer; set PYTHON=/path/to/python3"; exit 3; }
	@$(PYTHON) -m venv $(VENV) || { echo "Cannot make a virtual environment. On Debian or Ubuntu: apt-get install python3-venv"; exit 3; }

# The package itself is installed editable without build isolation, so that nothing outside the lock is downloaded.
$(VENV)/.run: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing the locked dependencies (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	@echo "Installing the locked test dependencies (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/.browser: tests/browser/package-lock.json | $(VENV)/.dev
	@tests/browser/install.sh
	@touch $@

# One after the other, also under `make -j`: the Debian packages of several of them have one lock.
$(VENV)/.teams: tests/channels/teams/package-lock.json | $(VENV)/.browser
	@tests/channels/teams/install.sh
	@touch $@

$(VENV)/.rt: tests/handoff/desks/rt/install.sh | $(VENV)/.teams
	@tests/handoff/desks/rt/install.sh
	@touch $@

$(VENV)/.deploy: tests/deploy/install.sh | $(VENV)/.rt
	@tests/deploy/install.sh
	@touch $@

tools: $(VENV)/.browser $(VENV)/.teams $(VENV)/.rt $(VENV)/.deploy

demo: $(VENV)/.run ## Serve the demo company and the lab: every channel on one page, the shop, the desk, the API
	@$(BIN)/frontdesk sync --config $(CONFIG) --if-needed
	@exec $(BIN)/frontdesk lab --config $(CONFIG)

services: ## Build the servers that tests talk to: MongoDB-compatible, Weaviate, Redis (once, several minutes)
	@tests/services/build.sh

test: $(VENV)/.dev tools ## Run all tests
	@FRONTDESK_SHARED=$(abspath $(SHARED)) $(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(VENV)/.dev ## Lint, types, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

check: $(VENV)/.dev ## Everything that CI runs
	@$(MAKE) --no-print-directory -j2 lint tools
	@export FRONTDESK_SAME_EXAMPLES=1; if tests/services/build.sh; then export FRONTDESK_REQUIRE_SERVICES=1; \
	else echo "Tests that need these servers are skipped, each with its reason."; fi; \
	$(MAKE) --no-print-directory test

bench: $(VENV)/.dev ## Speed and memory, as ratios to a baseline of the same run
	@FRONTDESK_SHARED=$(abspath $(SHARED)) $(BIN)/python -m bench

eval: $(VENV)/.dev ## Run all dev suites and the golden questions, hold the gates, write var/evals/report
	@FRONTDESK_SHARED=$(abspath $(SHARED)) $(BIN)/python -m evals

lock: ## Write the lock files anew (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --group build pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --group dev pyproject.toml -c requirements.lock -o requirements-dev.lock

schema: $(VENV)/.run ## Write the JSON Schema of the YAML anew
	@$(BIN)/frontdesk schema --out config/frontdesk.schema.json

new-channel: $(VENV)/.dev ## Start a channel: make new-channel NAME=foo; it fails the contract until filled in
	@$(BIN)/python -m tests.contracts.scaffold $(NAME)

clean: ## Remove the environment and the demo's data
	rm -rf $(VENV) tests/browser/node_modules tests/channels/teams/node_modules config/examples/demo/var
