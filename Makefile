# make run    sets up what serving needs, then serves on http://127.0.0.1:8000 (or $PORT)
# make test   sets up what the tests need, then lints and runs every test
# make test-fast  the tests that need no server, browser, database, data set or training
# make lint   ruff, mypy and the directions of imports (import-linter) alone
# make figures  measures the networks anew and updates the pages; after a training
# make bench  the benchmarks
# make audit  known vulnerabilities of what serving depends on
# make lighthouse  Lighthouse's figures of the page; needs node and npm

VENV := .venv
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 /usr/bin/python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)

# The data sets may lie beside the checkout; python -m nn looks there first.
ifneq ($(wildcard ../shared/data),)
export DIGITS_DATA ?= $(abspath ../shared/data)
endif

.PHONY: run test test-fast figures bench audit lighthouse lint format browser postgres redis nginx data clean

run: $(VENV)/serving
	$(VENV)/bin/gunicorn --config gunicorn.conf.py

test: lint browser postgres redis nginx data
	$(VENV)/bin/python -m pytest

test-fast: $(VENV)/development
	$(VENV)/bin/python -m pytest -m "not (server or browser or database or data or training)"

bench: $(VENV)/development
	$(VENV)/bin/python bench/startup.py
	$(VENV)/bin/python bench/optimizations.py
	$(VENV)/bin/python bench/serving.py
	$(VENV)/bin/python bench/serving.py load
	$(VENV)/bin/python bench/page.py
	@if $(VENV)/bin/python -c 'import torch' 2>/dev/null; then $(VENV)/bin/python bench/networks.py; \
	else echo "To compare with PyTorch: $(VENV)/bin/pip install -r bench/requirements.txt"; fi

# The pages show what is recorded with the weights, and pictures made from them.
figures: $(VENV)/development data
	set -e; for network in weights/*.npz; do for digits in mnist pen; do \
		$(VENV)/bin/python -m nn evaluate $$network --on $$digits --record; done; done
	set -e; for what in fonts styles nondigits numbers robustness; do \
		$(VENV)/bin/python -m nn evaluate best --on $$what --record; done
	$(VENV)/bin/python -m nn evaluate best --on pen --picture static/accuracy/mistakes.png
	$(VENV)/bin/python -m nn mistakes
	$(VENV)/bin/python -m nn plot best --what history confusion activations --out docs/plots
	$(VENV)/bin/python -m nn results --readme README.md > docs/results.md

lighthouse: $(VENV)/development
	@$(VENV)/bin/python bench/lighthouse.py

lint: $(VENV)/development
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy .
	$(VENV)/bin/lint-imports --no-logo

audit: $(VENV)/development
	$(VENV)/bin/pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	$(VENV)/bin/pip-audit --strict -r requirements.txt

format: $(VENV)/development
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

# What cannot be installed is reported, and the tests that need it are skipped.
browser: $(VENV)/development
	@$(VENV)/bin/python -m tests.support.browser --install

postgres: $(VENV)/development
	@$(VENV)/bin/python -m tests.support.servers.postgres --install

redis: $(VENV)/development
	@$(VENV)/bin/python -m tests.support.servers.redis_server --install

nginx: $(VENV)/development
	@$(VENV)/bin/python -m tests.support.servers.nginx --install

data: $(VENV)/development
	@$(VENV)/bin/python -m nn data || echo "Tests cannot use the data sets that are missing."

# The marker file comes last, so that an interrupted installation is not taken for a finished one.
$(VENV)/serving: requirements.txt | $(VENV)/bin/pip
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/development: requirements.txt requirements-dev.txt | $(VENV)/bin/pip
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/serving

# Debian's python3 comes without the venv module.
$(VENV)/bin/pip:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed: apt install python3"; exit 1; }
	@$(PYTHON) -m venv $(VENV) 2>/dev/null || { rm -rf $(VENV); \
		echo "Installing python3-venv, which this machine's Python lacks ..."; \
		as_root=$$(test "$$(id -u)" = 0 || echo sudo -n); \
		{ $$as_root apt-get update -qq && \
		$$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv; } >/dev/null && \
		$(PYTHON) -m venv $(VENV); } || { rm -rf $(VENV); \
		echo "Could not make a virtual environment: apt install python3-venv, then try again"; exit 1; }

clean:
	rm -rf $(VENV) .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
