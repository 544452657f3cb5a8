SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# processes of each stream app; they form one consumer group and share its partitions
WORKERS ?= 1
PYTHON := .venv/bin/python
STACK := $(PYTHON) -m infra.local

.PHONY: help setup demo up connect airflow down clean status logs env test check bench

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

setup: ## Install what is missing: system packages, .venv, jars, the embedding model
	@infra/local/setup.sh
	@$(STACK) install

demo: up connect ## Set up, start, connect, collect policies and show them arriving in the four stores
	@.venv/bin/aegis demo

up: setup ## Start the real servers and the stream apps (WORKERS=2: two processes of each app)
	@$(STACK) up --workers $(WORKERS)

connect: ## Register or update every connector and wait until it runs
	@.venv/bin/aegis connect apply

airflow: setup ## Start Airflow beside the stack (another GB), and print the link to its page
	@$(STACK) up --workers $(WORKERS) --airflow

down: ## Stop everything; data stays
	@$(STACK) down

clean: ## Stop everything and remove its data, logs and passwords
	@$(STACK) clean

status: ## Show each process: state, pid, memory, readiness
	@$(STACK) status

logs: ## Follow one log: make logs SERVICE=kafka
	@$(STACK) logs "$(SERVICE)"

env: ## Print export lines of every connection: eval "$(make -s env)"
	@$(STACK) env

test: setup ## Set up, start and connect the stack, then run every test
	@infra/local/with_stack.sh $(PYTHON) -m pytest --cov --cov-report=term:skip-covered

check: setup ## Lint, formatting, types and import rules
	@.venv/bin/ruff check --no-cache .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

bench: up connect ## Run the benchmarks; each prints its ratio and the parts
	@$(PYTHON) -m bench
