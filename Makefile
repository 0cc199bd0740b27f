# Everything here uses the tools of the virtual environment that is active, or of .venv if there is one.
BIN := $(if $(VIRTUAL_ENV),$(VIRTUAL_ENV)/bin/,$(if $(wildcard .venv/bin/python),.venv/bin/,))

.PHONY: check lint test

# What CI runs: pip install -e '.[dev]' brings the tools.
check: lint test

lint:
	$(BIN)ruff format --check .
	$(BIN)ruff check .
	$(BIN)mypy

test:
	$(BIN)pytest -n auto
