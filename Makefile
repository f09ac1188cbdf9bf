# The work is done by casebook/bootstrap.py; README.md gives the same commands for people without make.
PYTHON ?= python3
START = $(PYTHON) casebook/bootstrap.py
BIN = .venv/bin
SCRIPTS = static/js static/css casebook/workers tests/js

.PHONY: help run dev test bench load admin setup lint lint-scripts lock python

help:
	@echo "make run     the site on http://127.0.0.1:8000/ (PORT=8001 make run: on another port)"
	@echo "make dev     the same for development: reloads changed code, shows errors"
	@echo "make test    all tests; ARGS=\"-k word\" passes arguments to pytest"
	@echo "make bench   the speed beside an empty Django site (ARGS=\"--save before.json\", ARGS=\"--against before.json\")"
	@echo "make load    200 students save and submit at once, and no text may be lost (ARGS=\"--seconds 20\")"
	@echo "make admin   create a superuser"
	@echo "make setup   install the packages and prepare the site"
	@echo "make lint    the linters and checks of CI"
	@echo "make lock    rewrite requirements.lock from the packages in .venv (see README)"

run dev admin setup: python
	@$(START) $@

test: python
	@$(START) test $(ARGS)

load: python
	@$(START) setup
	@$(BIN)/python tests/load/class_of_students.py $(ARGS)

bench: python
	@$(BIN)/python tests/load/bench.py $(ARGS)

# `check --deploy` checks the site as it is behind https, without the demonstration class of `make run`.
lint: python
	@$(START) setup test
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory lint-scripts; else echo "no npm here: scripts and style sheets are not checked" >&2; fi
	find templates -name '*.html' -exec $(BIN)/djade --check {} +
	$(BIN)/python manage.py makemigrations --check --dry-run
	SITE_URL=https://casebook.example DATABASE_URL=sqlite://:memory: $(BIN)/python manage.py check --deploy --fail-level WARNING

# biome, which npm installs under .ci by the hashes of .ci/package-lock.json.
lint-scripts:
	@test .ci/node_modules/.package-lock.json -nt .ci/package-lock.json || npm ci --prefix .ci --ignore-scripts --no-audit --no-fund
	.ci/node_modules/.bin/biome check --config-path=.ci --error-on-warnings $(SCRIPTS)

lock:
	@$(BIN)/python .ci/lock.py $(ARGS)

python:
	@command -v $(PYTHON) >/dev/null || { echo "The casebook needs Python 3.11 or newer, and there is no $(PYTHON) here; on Debian or Ubuntu install it with: sudo apt install python3 python3-venv" >&2; exit 1; }
