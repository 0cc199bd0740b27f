# Everything here uses the tools of the virtual environment that is active, or of .venv if there is one.
BIN := $(if $(VIRTUAL_ENV),$(VIRTUAL_ENV)/bin/,$(if $(wildcard .venv/bin/python),.venv/bin/,))

.PHONY: check lint test docs

# What CI runs: pip install -e '.[dev]' brings the tools.
check: lint docs test

lint:
	$(BIN)ruff format --check .
	$(BIN)ruff check .
	$(BIN)mypy

# The pages as HTML, in docs/_build: a warning is an error.
docs:
	$(BIN)sphinx-build -q -W --keep-going -b html docs docs/_build

test:
	$(BIN)pytest -n auto
