# strava-marts: `make` alone prints this list. Every target sets itself up; nothing is activated by hand.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
PLAYGROUND ?= Playground
# A dollar in a query or a path is the user's, not make's.
override Q := $(value Q)
override ARGS := $(value ARGS)
override PLAYGROUND := $(value PLAYGROUND)
export PLAYGROUND WAIT FULL ALLOW_DELETES Q FORMAT JSON ARGS DEBUG AUTHORIZE_PORT AUTHORIZE_TIMEOUT_S ROUNDS SEED ACTIVITIES

VENV := .venv
RUN := $(VENV)/bin/python -m pipelines
READY := $(VENV)/.ready

# Made once; made anew when the locked versions change.
$(READY): requirements.lock
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or later is needed: install python3" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed: type make PYTHON=python3.12" >&2; exit 2; }
	@echo "setting up (once, about a minute) ..." >&2
	@$(PYTHON) -m venv --clear $(VENV) || { echo "python3 cannot make virtual environments: install python3-venv" >&2; exit 2; }
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --no-input -r requirements.lock 2>$(VENV)/pip.log || { cat $(VENV)/pip.log >&2; echo "the packages could not be installed: look above, then run the command again" >&2; exit 1; }
	@touch $@

##@ Try it
demo: $(READY) ## the main job on a simulated Strava: no account needed
	@$(VENV)/bin/python -m tests.demo

##@ Your own history
authorize: $(READY) ## one-time: let this machine read your Strava account
	@$(RUN) authorize
extract: $(READY) ## download what is new, changed or missing (WAIT=no, FULL=1)
	@$(RUN) extract
transform: $(READY) ## build and publish the marts
	@$(RUN) transform
refresh: $(READY) ## extract, then transform
	@$(RUN) refresh
status: $(READY) ## what is loaded, pending, failed; quota; what to type next (JSON=1)
	@$(RUN) status

##@ Look at it
sql: $(READY) ## a SQL prompt on the marts; Q="select ..." for one result (FORMAT=csv|json|md)
	@$(RUN) sql
report: $(READY) ## an HTML page with the charts
	@$(RUN) report
docs: $(READY) ## dbt's documentation of all models, as a page
	@$(RUN) docs
dbt: $(READY) ## dbt itself, on your warehouse (ARGS="ls")
	@$(RUN) dbt

##@ Work on it
test: $(READY) ## all tests (ROUNDS=5 for longer random ones)
	@$(VENV)/bin/python -m pytest -q -n auto
lint: $(READY) ## ruff and mypy
	@$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check . && $(VENV)/bin/mypy
bench: $(READY) ## speed and memory, as ratios within one run (ACTIVITIES=3000)
	@$(VENV)/bin/python -m tests.bench
clean: ## remove the environment and caches; never your data
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dbt_project/target dbt_project/logs
	@find pipelines tests -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "cleaned; your data in $(PLAYGROUND) is untouched"
help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile
	@printf '\nPLAYGROUND=path keeps every file of yours somewhere else than in Playground.\n'

.PHONY: demo authorize extract transform refresh status sql report docs dbt test lint bench clean help
