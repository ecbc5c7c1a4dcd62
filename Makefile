# make demo    the story of the incident, on an embedded warehouse
# make test    the tests
# Both create .venv and install requirements.lock first. Another Python: make test PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
STAMP := $(VENV)/.installed

.PHONY: demo test lint lock clean

demo: $(STAMP)
	@$(RUN) -m demo story

test: $(STAMP)
	@$(RUN) -m pytest -n 2

lint: $(STAMP)
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy
	@$(RUN) -m checkpoints suites --check

# Needs uv. Versions stay as they are unless requirements.txt asks for others, or UPGRADE=--upgrade.
lock:
	@command -v uv >/dev/null || { echo "make lock needs uv: pip install uv" >&2; exit 1; }
	@uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url \
	    --no-emit-find-links --no-header --no-annotate $(UPGRADE) \
	    requirements.txt --output-file requirements.lock

# Everything that was made, apart from the installed packages.
clean:
	@rm -rf demo/warehouse.duckdb* demo/*.log gx/uncommitted .hypothesis .pytest_cache \
	    .mypy_cache .ruff_cache
	@find . -name __pycache__ -not -path "./$(VENV)/*" -prune -exec rm -rf {} +

$(RUN):
	@command -v $(PYTHON) >/dev/null || { \
	    echo "$(PYTHON) is not installed: name a Python >= 3.11, as in make PYTHON=python3.12" >&2; \
	    exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "Python >= 3.11 is needed, $(PYTHON) is $$($(PYTHON) -V 2>&1):" \
	         "name another, as in make PYTHON=python3.12" >&2; \
	    exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(STAMP): requirements.lock | $(RUN)
	@echo "installing requirements.lock into $(VENV)"
	@$(RUN) -m pip --version >/dev/null 2>&1 || $(RUN) -m ensurepip >/dev/null
	@$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@touch $@
