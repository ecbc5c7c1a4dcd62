# make demo    the story of the incident, on an embedded warehouse
# make test    the tests
# make docs    build the documentation as a site, .site/html
# make picture the picture in the README, which needs Chromium
# make bench   measure side by side with other tools; SIZE=full is what benchmarks/README.md shows
# All create .venv and install requirements.lock first. Another Python: make test PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
STAMP := $(VENV)/.installed
EMULATOR := .venv-bigquery

SIZE ?= small

.PHONY: demo test picture docs bench test-bigquery test-bigquery-live test-unattended python313 lint lock clean

demo: $(STAMP)
	@$(RUN) -m demo story

picture: $(STAMP)
	@$(RUN) -m demo picture

test: $(STAMP)
	@$(RUN) -m pytest -n 3 --dist worksteal

# Strict: a broken link, a missing heading or a page that asks another host for something fails.
docs: .venv-docs/.installed
	@.venv-docs/bin/python docs/build_site.py

# The tools that are compared are installed into .venv-benchmarks first.
bench: $(STAMP)
	@$(RUN) -m benchmarks all --size $(SIZE)

# The tests in front of a BigQuery emulator. It needs a Python >= 3.13 and a venv of its own.
test-bigquery: $(STAMP) $(EMULATOR)/.installed
	@BIGQUERY_EMULATOR_REQUIRED=1 $(RUN) -m pytest -n 2 --dist worksteal tests/bigquery

# The examples for schedulers, by Airflow and Dagster themselves, each in a venv of its own.
test-unattended: $(STAMP) .venv-airflow/.installed .venv-dagster/.installed
	@UNATTENDED_REQUIRED=1 $(RUN) -m pytest -n 2 tests/examples/test_unattended.py

# A smoke test on the real service, for whoever has a project: make test-bigquery-live PROJECT=mine
test-bigquery-live: $(STAMP)
	@test -n "$(PROJECT)" || { \
	    echo "say which project pays: make test-bigquery-live PROJECT=my-project" >&2; exit 1; }
	@BIGQUERY_LIVE_PROJECT="$(PROJECT)" $(RUN) -m pytest -n 0 -rs tests/bigquery/live_smoke.py

# Prints a Python >= 3.13, or fails. Name another: make test-bigquery PYTHON313=/path/to/python3.13
python313:
	@for python in $(PYTHON313) python3.13 python3.14 $(PYTHON) \
	    "$$(pyenv prefix 3.13.0 2>/dev/null)/bin/python"; do \
	    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 13))' 2>/dev/null; \
	    then echo "$$python"; exit; fi; done; \
	    echo "no Python >= 3.13 found: name one, as in make $(or $(MAKECMDGOALS),test-bigquery)" \
	         "PYTHON313=/path/to/python3.13" >&2; \
	    exit 1

lint: $(STAMP)
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy
	@PYTHONPATH=. $(VENV)/bin/lint-imports --no-logo --no-cache
	@$(RUN) -m checkpoints suites --check

# Needs uv. Versions stay as they are unless a list asks for others, or UPGRADE=--upgrade.
COMPILE = uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url \
    --no-emit-find-links --no-header --no-annotate $(UPGRADE)
lock:
	@command -v uv >/dev/null || { echo "make lock needs uv: pip install uv" >&2; exit 1; }
	@$(COMPILE) requirements-dev.txt --output-file requirements.lock
	@for list in benchmarks/locks/*.in tests/examples/locks/*.in docs/requirements.in; do \
	    $(COMPILE) $$list --output-file $${list%.in}.lock || exit 1; done

# Everything that was made, apart from the installed packages.
clean:
	@rm -rf .site demo/warehouse.duckdb* demo/*.log gx/uncommitted .hypothesis .pytest_cache \
	    .mypy_cache .ruff_cache
	@git clean -fdXq examples
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

.venv-docs/.installed: docs/requirements.lock | $(RUN)
	@echo "installing $< into .venv-docs"
	@$(RUN) -m venv --clear .venv-docs
	@.venv-docs/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r $<
	@touch $@

.venv-%/.installed: tests/examples/locks/%.lock | $(RUN)
	@echo "installing $< into .venv-$*"
	@$(RUN) -m venv --clear .venv-$*
	@.venv-$*/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r $<
	@touch $@

$(EMULATOR)/.installed: tests/bigquery/emulator.lock
	@echo "installing tests/bigquery/emulator.lock into $(EMULATOR)"
	@python=$$($(MAKE) --no-print-directory -s python313) && "$$python" -m venv --clear $(EMULATOR)
	@$(EMULATOR)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
	    -r tests/bigquery/emulator.lock
	@mkdir -p $(EMULATOR)/home
	@HOME=$(CURDIR)/$(EMULATOR)/home $(EMULATOR)/bin/python -c "import duckdb, duckdb_extensions; \
	    connection = duckdb.connect(); \
	    [duckdb_extensions.import_extension(e, con=connection) for e in ('icu', 'ducklake', 'spatial')]"
	@touch $@
