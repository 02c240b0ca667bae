# The developer commands of mere. `make demo` and `make test` work on a fresh clone; all they need is Python 3.11.

# The plain package 'torch' brings several GB of CUDA libraries, which mere has no use for. This version is one that
# machines may hold a CPU build of; pip takes it where its find-links or an index given in PIP_ARGS offer it:
#     make TORCH=torch PIP_ARGS='--extra-index-url URL-OF-AN-INDEX-WITH-CPU-BUILDS' test
TORCH ?= torch==2.13.0
PIP_ARGS ?=

# The first Python that really runs and is new enough: a shim of the right name may stand for nothing.
CHECK_VERSION := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for name in python3.11 python3; do \
	$$name -c '$(CHECK_VERSION)' 2>/dev/null && command -v $$name && break; done)

VENV := .venv
BIN := $(VENV)/bin
PLAIN := $(VENV)/.plain
STAMP := $(VENV)/.installed
# all that need no trained model and no data of others
BENCHMARKS := $(filter-out $(addprefix benchmarks/,quality.py forms.py sentences.py),$(wildcard benchmarks/*.py))

.DEFAULT_GOAL := help
.PHONY: help setup demo test torture check fix docs-reference bench default-model

help:  ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(STAMP)  ## make .venv with everything that development needs

$(PLAIN): pyproject.toml
	@test -n "$(PYTHON)" || { echo "mere needs Python 3.11 or newer; name it: make PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet $(PIP_ARGS) --editable .
	@touch $@

$(STAMP): $(PLAIN)
	$(BIN)/python -m pip install --quiet $(PIP_ARGS) '$(TORCH)'
	$(BIN)/python -m pip install --quiet $(PIP_ARGS) --editable '.[reproduce,export,dev]'
	@touch $@

demo: $(PLAIN)  ## read sentences in eight languages with the model in the package
	$(BIN)/mere extract --lines examples/demo.txt

test: $(STAMP)  ## run all tests
	$(BIN)/python -m pytest --durations=10

torture: $(STAMP)  ## kill, damage and mistreat mere at random; takes about half an hour (KILLS=100)
	$(BIN)/python -W ignore -m tests.torture --kills $(or $(KILLS),100)

check: $(STAMP)  ## lint, formatting, strict types, and whether the reference of the command line is up to date
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python docs/make_reference.py --check

fix: $(STAMP)  ## mend what lint and formatting can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs-reference: $(STAMP)  ## make the reference of the command line anew
	$(BIN)/python docs/make_reference.py

bench: $(STAMP)  ## measure speed and memory; figures go to benchmarks/*.json
	@set -e; for file in $(BENCHMARKS); do echo "$$file"; $(BIN)/python "$$file"; done

default-model: $(STAMP)  ## make the model in the package anew, from SMiLER and generated sentences
	bash examples/default-model.sh
