# `make` alone says what there is. Everything is installed into .venv/; data lie in var/.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := accounts bench demo generation hub registry tests
PIP := $(BIN)/python -m pip install --disable-pip-version-check --no-input
COMPILE := $(BIN)/pip-compile --quiet --strip-extras --allow-unsafe --no-emit-index-url \
	--no-emit-trusted-host --no-emit-find-links --no-emit-options
# CUDA's libraries exist for Linux alone, which pip-compile does not write down.
ONLY_LINUX := sed -E 's/^((nvidia|cuda)-[a-z0-9-]+|triton)==[^ ;]+$$/& ; sys_platform == "linux"/'

.DEFAULT_GOAL := help
.PHONY: help demo demo-eval test smoke bench bench-personalisation bench-registry lint types contracts unit format requirements clean

help:  ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-22s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/base.stamp  ## run the whole hub here; Ctrl-C stops it (ARGS="--port 9000")
	@$(BIN)/python -m hub.demo $(ARGS)

test: lint types contracts unit  ## install, then lint, types, import contracts and pytest

smoke: $(VENV)/base.stamp  ## run the demo headless and do the main job through its API
	@$(BIN)/python -m hub.smoke $(ARGS)

lint: $(VENV)/test.stamp  ## ruff and djlint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --check templates
	$(BIN)/djlint --lint templates

types: $(VENV)/test.stamp  ## mypy
	$(BIN)/mypy $(PACKAGES)

contracts: $(VENV)/test.stamp  ## who may import whom
	$(BIN)/lint-imports

unit: $(VENV)/test.stamp  ## pytest (ARGS="-k zip")
	$(BIN)/python -m pytest $(ARGS)

demo-eval: $(VENV)/base.stamp  ## measure the built-in models, write docs/demo-* (ARGS="--quick")
	@$(BIN)/python -m demo.evaluate $(ARGS)

bench: $(VENV)/base.stamp  ## measure a set beside the paper's loop (ARGS="--clip-l")
	@$(BIN)/python -m bench.embedding $(ARGS)

bench-personalisation: $(VENV)/base.stamp  ## measure the engine beside the web UI's loop
	@$(BIN)/python -m bench.personalisation $(ARGS)

bench-registry: $(VENV)/base.stamp  ## measure what first builds and later ones cost (ARGS="--pictures 60")
	@$(BIN)/python -m bench.registry $(ARGS)

format: $(VENV)/test.stamp  ## write everything as the linters want it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djlint --quiet --reformat templates

requirements: $(VENV)/test.stamp  ## pin what pyproject.toml names anew
	$(PIP) --quiet pip-tools==7.6.2
	$(COMPILE) -o requirements/base.txt pyproject.toml requirements/older-pythons.in
	$(ONLY_LINUX) requirements/base.txt > $(VENV)/pins && mv $(VENV)/pins requirements/base.txt
	$(COMPILE) --extra test -c requirements/base.txt -o requirements/test.txt \
		pyproject.toml requirements/older-pythons.in
	$(ONLY_LINUX) requirements/test.txt > $(VENV)/pins && mv $(VENV)/pins requirements/test.txt

# A hub that serves from this checkout may have its pictures in var/media, as a demo has.
clean:  ## delete var/ (the demo's database and pictures, the tests' data) and caches; .venv/ stays
	@if [ -n "$$(ls -A var/media 2>/dev/null)" ] && [ -z "$(FORCE)" ]; then \
		echo "var/media holds pictures: a demo's, or those of a hub that serves from this checkout. \
	Nothing was deleted; make clean FORCE=1 deletes them, and all of var/, for good."; exit 1; fi
	rm -rf var .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find $(PACKAGES) -name __pycache__ -prune -exec rm -rf {} +

# The stamps make a second call start at once; they are older than the pins when those change.
$(VENV)/made.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "The hub needs \
	Python 3.11 or later, and $(PYTHON) is " + sys.version.split()[0] + ". Name another one: \
	make PYTHON=python3.12 $(MAKECMDGOALS)")'
	@$(PYTHON) -m venv $(VENV) || { echo "On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@touch $@

$(VENV)/base.stamp: requirements/base.txt $(VENV)/made.stamp
	@echo "Installing the hub's libraries into $(VENV)/. With torch these are some gigabytes."
	@$(PIP) -r requirements/base.txt
	@touch $@

# Where the libraries are there, only little is missing, and a hundred lines would say "is there".
$(VENV)/test.stamp: requirements/test.txt $(VENV)/made.stamp
	@echo "Installing the hub's libraries and the tools of its tests into $(VENV)/."
	@$(PIP) $(if $(wildcard $(VENV)/base.stamp),--quiet) -r requirements/test.txt
	@touch $(VENV)/base.stamp $@
