# Two commands do everything on a machine with Python 3.11+, git and make:
#   make quickstart   install, then the whole road on the bundled demo collection
#   make test         install, then style, types, imports and tests
# and `make docs` writes the pages that follow from the code (docs/api.md, docs/commands.md).
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: quickstart test lint docs install clean

quickstart: install
	$(BIN)/hybrid-ir quickstart --output quickstart

test: install lint
	$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: install
	$(BIN)/python docs/generate.py

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	# torch by itself first: its CPU build, where one is at hand, keeps gigabytes of CUDA away
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	touch $@

clean:
	rm -rf $(VENV) quickstart
