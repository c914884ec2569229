# strava-marts: `make` alone prints this list. Every target sets itself up; nothing is activated by hand.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
PLAYGROUND ?= Playground
export PLAYGROUND ARCHIVE SOURCE WAIT FULL ALLOW_DELETES Q FORMAT JSON ARGS DEBUG AUTHORIZE_PORT AUTHORIZE_TIMEOUT_S ROUNDS SEED ACTIVITIES
export PYTHON
# What the user types is data: make expands no dollar in it, and a recipe hands it on in the environment ("$$PYTHON"),
# never as a part of a command for the shell.
$(foreach name,$(.VARIABLES),$(if $(filter command%,$(origin $(name))),$(eval override $(name) := $$(value $(name)))))

override VENV := .venv
RUN := $(VENV)/bin/python -m pipelines
LOCK := $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --only-binary :all: --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links
READY := $(VENV)/.ready
READY_DEV := $(VENV)/.ready-dev

# Made once; made anew when the locked versions change. Users' targets never install the second.
$(READY): requirements.lock
	@command -v "$$PYTHON" >/dev/null || { echo "Python 3.11 or later is needed: install python3" >&2; exit 2; }
	@"$$PYTHON" pipelines/set_up.py
$(READY_DEV): $(READY) requirements-dev.lock
	@"$$PYTHON" pipelines/set_up.py dev

##@ Try it
demo: $(READY) ## the main job on a simulated Strava: no account needed (SOURCE=archive)
	@$(VENV)/bin/python -m tests.demo

##@ Your own history
authorize: $(READY) ## one-time: let this machine read your Strava account
	@$(RUN) authorize
extract: $(READY) ## download what is new, changed or missing (WAIT=no, FULL=1)
	@$(RUN) extract
import: $(READY) ## Strava's bulk export, or a folder of FIT, TCX and GPX files (ARCHIVE=path)
	@$(RUN) import
transform: $(READY) ## build and publish the marts
	@$(RUN) transform
refresh: $(READY) ## extract, then transform
	@$(RUN) refresh
status: $(READY) ## what is loaded, pending, failed; quota; what to type next (JSON=1)
	@$(RUN) status
purge: $(READY) ## remove what is deleted on Strava from every table and file
	@$(RUN) purge

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
test: $(READY_DEV) ## all tests
	@$(VENV)/bin/python -m pytest -q -n auto --dist worksteal
soak: $(READY_DEV) ## the random tests for longer (ROUNDS=20, SEED=1)
	@ROUNDS=$${ROUNDS:-20} $(VENV)/bin/python -m pytest -q -n auto --dist worksteal -m soak
lint: $(READY_DEV) ## ruff, mypy and the walls between folders
	@$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check . && $(VENV)/bin/mypy && $(VENV)/bin/lint-imports
bench: $(READY_DEV) ## speed and memory, as ratios within one run (ACTIVITIES=3000)
	@$(VENV)/bin/python -m tests.bench
lock: $(READY_DEV) # both locks anew, from pyproject.toml: all versions as new as its bounds allow
	@$(LOCK) --upgrade -o requirements.lock pyproject.toml
	@$(LOCK) --upgrade -c requirements.lock --group dev -o requirements-dev.lock
clean: ## remove the environment and caches; never your data
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dbt_project/target dbt_project/logs
	@find pipelines tests -name __pycache__ -type d -prune -exec rm -rf {} +
	@printf 'cleaned; your data in %s is untouched\n' "$$PLAYGROUND"
help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile
	@printf '\nPLAYGROUND=path keeps every file of yours somewhere else than in Playground.\n'

.PHONY: demo authorize extract import transform refresh status purge sql report docs dbt test soak lint bench lock clean help
