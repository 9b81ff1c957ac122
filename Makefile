# `make help` lists the targets. Everything lives in .venv; nothing is installed outside this folder.
.DEFAULT_GOAL := help
.PHONY: help setup repro verify track explore ui check test lint lock
VENV := .venv
READY := $(VENV)/.ready-to-move
UV := $(VENV)/bin/python -m uv --no-config
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := true
PORT ?= 5000

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/make \1|\2/' | column -t -s '|'

# The last line marks the end, so an interrupted set-up is thrown away and done again by the next call.
# No path in .venv starts at /: a moved or copied folder works. (-e . would write where src/ is now.)
# Compiled at install: where PYTHONDONTWRITEBYTECODE is set, the imports of a stage take 3x otherwise.
$(READY): requirements.lock pyproject.toml
	@test -f $(READY) || rm -rf $(VENV)
	python3 -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check uv
	$(UV) venv --quiet --allow-existing --relocatable --python $(VENV)/bin/python $(VENV)
	$(UV) pip sync --python $(VENV)/bin/python --require-hashes --compile-bytecode requirements.lock
	@for site in $(VENV)/lib/python*/site-packages; do echo ../../../../src > $$site/genbench.pth; done
	@touch $(READY)

setup: $(READY)  ## create .venv from requirements.lock (the other targets do it when needed)

repro: $(READY)  ## run what has changed since the last time, a stage per core or GPU (`make repro JOBS=1`: one at a time)
	@python -m genbench.cluster repro $(if $(JOBS),--jobs $(JOBS))
	@echo "report: $(CURDIR)/reports/index.html"

verify: repro  ## run the pipeline, and compare each output with the commit's
	@python stages/verify.py

track: $(READY)  ## send every result in the workspace to MLflow
	@python stages/track.py

explore: $(READY)  ## write reports/explorer.html: models to touch (`make explore RUN=<id>`, DATASET=digits, MODELS=vae,gan)
	@python stages/explore.py $(if $(RUN),--run $(RUN)) $(if $(DATASET),--dataset $(DATASET)) $(if $(MODELS),--models $(MODELS))

ui: $(READY)  ## browse the runs in MLflow, on port 5000 (`make ui PORT=5001`: another)
	@python stages/track.py --serve $(PORT)

check: $(READY)  ## say which laws of all models one of your own obeys (`make check MODEL=mine`)
	@python -m pytest --quiet --no-header --tb=short -r pf tests/models/test_laws.py \
	  --model $(or $(MODEL),$(error name a model of params.yaml: make check MODEL=mine))

test: $(READY)  ## run all tests, the end-to-end ones too (`make test ARGS="-m 'not slow'"`: without them)
	@python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(READY)  ## check style, formatting and types
	@ruff check . && ruff format --check . && mypy

lock: $(READY)  ## resolve requirements.lock again from pyproject.toml
	$(UV) pip compile --universal --generate-hashes --no-emit-index-url --upgrade --quiet \
	  --group dev --custom-compile-command "make lock" -o requirements.lock pyproject.toml
