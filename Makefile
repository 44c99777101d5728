# Needs python3 (>= 3.10) with venv, make and git; everything else is installed into virtual environments here.
#
#   make demo      show the main job on a copy of example_project
#   make test      install and run the whole suite     (PYTEST_ARGS="-x -k store" to choose)
#   make test-all  the same on every Python 3.10 to 3.13 that this machine has
#   make test-oldest  the plugin and unit tests on the oldest pytest we promise to work with
#   make lint      ruff, mypy, import contracts
#   make corpus    score the classifier on labelled failures of real libraries (CORPUS_ARGS="--worst")
#   make bench     what the plugin costs a suite        (BENCH_ARGS="--pairs 3" to choose)
#   make clean     remove the virtual environments and caches

PYTHON ?= python3
PYTEST_ARGS ?= --numprocesses=auto --dist=worksteal
BENCH_ARGS ?=
CORPUS_ARGS ?=

VENV := .venv
DEMO_VENV := .venv-demo
SOURCES := $(shell find pytest_selfheal -name '*.py')
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test test-all test-oldest lint style types contracts bench corpus clean
.DELETE_ON_ERROR:

help:
	@sed -n '3,10s/^# *//p' Makefile

# $(call create_venv,PYTHON,FOLDER): an environment that works (kept when it does), or a sentence that says what is missing
define create_venv
	@$(2)/bin/python -m pip --version >/dev/null 2>&1 || { \
	  $(1) -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || { \
	    echo "'$(1)' is missing or older than Python 3.10; name another: make PYTHON=python3.12" >&2; exit 1; }; \
	  $(1) -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo "'$(1)' lacks venv or ensurepip; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }; \
	  rm -rf $(2) && $(1) -m venv $(2); }
endef

# $(call install_all,FOLDER): this checkout, editable, with what its tests and linters need.
# `pip install --group` came with pip 25.1, so pip itself comes first.
define install_all
	@echo "installing into $(1)"
	@$(1)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	@$(1)/bin/python -m pip install --quiet --editable . --group test --group lint
	@touch $@
endef

$(VENV)/.installed: pyproject.toml
	$(call create_venv,$(PYTHON),$(VENV))
	$(call install_all,$(VENV))

.venv-3.%/.installed: pyproject.toml
	$(call create_venv,$$(sh scripts/find-python.sh 3.$*),.venv-3.$*)
	$(call install_all,.venv-3.$*)

$(DEMO_VENV)/.installed: pyproject.toml README.md $(SOURCES)
	$(call create_venv,$(PYTHON),$(DEMO_VENV))
	@echo "installing into $(DEMO_VENV)"
	@$(DEMO_VENV)/bin/python -m pip install --quiet --upgrade .
	@touch $@

demo: $(DEMO_VENV)/.installed
	@$(DEMO_VENV)/bin/python scripts/demo.py

# The tests start hundreds of pytest processes. Where the environment forbids writing bytecode, each of them would compile
# this package and rewrite every plugin anew, which takes longer than all the rest; once is enough.
define write_bytecode
	@PYTHONDONTWRITEBYTECODE= $(1)/bin/python -m compileall -q pytest_selfheal
	@cd $(1) && PYTHONDONTWRITEBYTECODE= bin/python -m pytest --markers -p no:cacheprovider >/dev/null
endef

test: $(VENV)/.installed
	$(call write_bytecode,$(VENV))
	$(VENV)/bin/python -m pytest $(PYTEST_ARGS)

.PHONY: test-3.10 test-3.11 test-3.12 test-3.13
test-3.10 test-3.11 test-3.12 test-3.13: test-3.%: .venv-3.%/.installed
	$(call write_bytecode,.venv-3.$*)
	.venv-3.$*/bin/python -m pytest $(PYTEST_ARGS)

# The oldest pytest we promise to work with; its private parts differ most from today's.
.venv-oldest/.installed: pyproject.toml
	$(call create_venv,$(PYTHON),.venv-oldest)
	$(call install_all,.venv-oldest)
	@.venv-oldest/bin/python -m pip install --quiet 'pytest==8.2.*'

test-oldest: .venv-oldest/.installed
	$(call write_bytecode,.venv-oldest)
	.venv-oldest/bin/python -m pytest --numprocesses=auto tests/plugin tests/unit

test-all:
	@found=""; failed=""; \
	for version in 3.10 3.11 3.12 3.13; do \
	  if ! sh scripts/find-python.sh $$version >/dev/null; then echo "== Python $$version: not found, left out"; continue; fi; \
	  echo "== Python $$version"; found="$$found $$version"; \
	  $(MAKE) --no-print-directory test-$$version || failed="$$failed $$version"; \
	done; \
	echo "== tested on:$${found:- no Python at all}"; \
	if [ -z "$$found" ] || [ -n "$$failed" ]; then echo "== failed on:$$failed" >&2; exit 1; fi

lint: style types contracts

style: $(VENV)/.installed
	$(VENV)/bin/python -m ruff check .
	$(VENV)/bin/python -m ruff format --check .

types: $(VENV)/.installed
	$(VENV)/bin/python -m mypy

contracts: $(VENV)/.installed
	$(VENV)/bin/lint-imports

bench: $(VENV)/.installed
	$(VENV)/bin/python benchmarks/overhead.py $(BENCH_ARGS)

# The real libraries, which nothing else needs.
.venv-corpus/.installed: pyproject.toml
	$(call create_venv,$(PYTHON),.venv-corpus)
	@echo "installing into .venv-corpus"
	@.venv-corpus/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	@.venv-corpus/bin/python -m pip install --quiet --editable . --group corpus
	@touch $@

corpus: .venv-corpus/.installed
	.venv-corpus/bin/python benchmarks/classification.py $(CORPUS_ARGS)

clean:
	rm -rf .venv .venv-* .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist selfheal-out
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
