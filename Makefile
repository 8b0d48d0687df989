# CloudOps Pro. `make help` lists everything; each target installs what it needs, once.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
UV_VERSION := 0.13.8
UV := .venv/bin/uv
RUN := .venv/bin
WEB_SOURCES := $(shell find web packages/api-client -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)

.PHONY: help setup run dev test test-python test-web test-browser lint format types bench campaign client openapi migrate migration demo clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  \033[1m%-14s\033[0m %s\n", $$1, $$2}'

setup: .make/python .make/web .make/dist ## Install what run and test need (virtual environment, npm packages, web build)

.make/python: pyproject.toml uv.lock scripts/setup-python
	@scripts/setup-python "$(PYTHON)" "$(UV_VERSION)"
	@mkdir -p .make && touch $@

.make/web: web/package-lock.json packages/api-client/package.json
	@echo "Installing the web packages ..."
	@cd web && npm ci --no-audit --no-fund --loglevel=error
	@mkdir -p .make && touch $@

.make/dist: .make/web $(WEB_SOURCES)
	@echo "Building the web app ..."
	@cd web && npm run build --silent
	@mkdir -p .make && touch $@

.make/oidc: backend/tests/support/oidc-provider/package-lock.json
	@echo "Installing the OpenID provider of the tests ..."
	@cd backend/tests/support/oidc-provider && npm ci --no-audit --no-fund --loglevel=error
	@mkdir -p .make && touch $@

.make/tools: scripts/setup-tools
	@scripts/setup-tools
	@mkdir -p .make && touch $@

run: .make/python .make/dist ## Start the whole platform with the demonstration estate on http://localhost:8000
	@exec $(RUN)/cloudops up --demo $(ARGS)

dev: .make/python .make/web ## API on 8000, web with hot reload on 3000, PostgreSQL on 5432
	@scripts/dev

test: .make/tools test-python test-web test-browser ## Run every test (Python, web, browser)

test-python: .make/python .make/oidc
	@$(RUN)/pytest -n 3 --dist loadgroup -m "not browser and not slow" --reruns 1 -rR $(ARGS)

test-web: .make/web
	@cd web && npm test --silent

test-browser: .make/python .make/dist .make/tools
	@$(RUN)/pytest -m browser --reruns 1 -rR $(ARGS)

lint: .make/python .make/dist ## ruff, import-linter, ESLint, unused exports, bundle budget, secret scan
	@$(RUN)/ruff check . && $(RUN)/ruff format --check .
	@$(RUN)/lint-imports --config .importlinter >/dev/null || $(RUN)/lint-imports --config .importlinter
	@$(RUN)/python scripts/check_repository.py
	@cd web && npm run --silent lint && npm run --silent unused && npm run --silent budget

format: .make/python .make/web ## Format Python and the web app
	@$(RUN)/ruff check --fix . ; $(RUN)/ruff format .
	@cd web && npm run --silent format

types: .make/python .make/web ## mypy strict and tsc strict
	@$(RUN)/mypy
	@cd web && npm run --silent types

bench: .make/python ## Every benchmark beside its floor; results in bench/results and docs/performance.md
	@$(RUN)/python -m bench $(ARGS)

campaign: .make/python .make/tools .make/oidc ## The long forms of slow tests
	@$(RUN)/pytest -m "slow or not slow" $(ARGS)

openapi: .make/python ## Write the OpenAPI document that the client is generated from
	@$(RUN)/cloudops export-openapi > packages/api-client/openapi.json

client: openapi .make/web ## Generate the typed client from the OpenAPI document
	@cd web && npm run --silent client

migrate: .make/python ## Bring the database to the newest schema
	@$(RUN)/cloudops migrate

migration: .make/python ## Write the next migration from the models (NAME=add_budgets)
	@$(RUN)/python scripts/make_migration.py $(NAME)

demo: run ## The same as run

clean: ## Remove what was built; the data in var/ stays
	@rm -rf .venv .make web/node_modules web/dist packages/api-client/node_modules
