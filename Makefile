# `make site` and `make test` are all that a newcomer needs; both set up .venv/ first. See README.md.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
READY := .venv/.installed
JUDGES := tests/browser/node_modules/.package-lock.json
JOBS ?= 2

export HYPOTHESIS_STORAGE_DIRECTORY := $(CURDIR)/build/hypothesis
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: site serve test lint registry system bench bench-scale mutations packs docs lock clean

site: $(READY)  ## the example site, from packs/ into site/
	$(BIN)/proofpress build

serve: $(READY)  ## the same, served to this machine only and built again on each save
	$(BIN)/proofpress serve

test: lint registry system $(JUDGES)  ## linters, the example's registry, then all tests
	$(BIN)/python -m pytest -n $(JOBS)

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

registry: $(READY)  ## the example's log, whole; with BASE=origin/main that branch's log must be its prefix
	$(BIN)/proofpress registry verify $(if $(BASE),--base '$(BASE)')

bench-scale: $(READY)  ## how costs grow with the number of releases (SIZES='1000 10000')
	$(BIN)/python tests/bench/scale.py $(SIZES)

bench: $(READY)  ## what a build costs, measured
	$(BIN)/python tests/bench/run.py
	$(BIN)/python tests/bench/power.py
	$(BIN)/python tests/bench/registry.py
	@if [ -n '$(GENOLEWM)' ]; then $(BIN)/python tests/bench/genolewm.py '$(GENOLEWM)' --peer '$(PEER)'; \
	else echo 'skipped: the verifier of geno-lewm (make bench GENOLEWM=<release> PEER=<its unpacked source>)'; fi

mutations: $(READY)  ## ten thousand damaged packs of each sort: none may be accepted
	$(BIN)/python -m pytest -q tests/verify/test_mutations.py --mutations 10000

packs: $(READY)  ## train, evaluate and pack the example releases again; they must equal packs/
	$(BIN)/python docs/examples/sklearn_releases/make_packs.py --out build/packs --compare packs

docs: $(READY)  ## the generated pages: rules, schemas, command line
	$(BIN)/proofpress rules --write docs/rules
	$(BIN)/proofpress schema docs/schemas
	$(BIN)/python tests/docs/test_cli_page.py

lock: $(READY)  ## requirements.lock anew, from pyproject.toml
	CUSTOM_COMPILE_COMMAND='make lock' $(BIN)/python -m piptools compile --upgrade --extra dev --generate-hashes \
		--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options --strip-extras \
		--allow-unsafe --quiet --output-file requirements.lock pyproject.toml

clean:  ## all that was generated; remove .venv/ as well to start over
	rm -rf build site

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or newer is needed: make PYTHON=/path/to/python …' >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv || { .ci/debian ensurepip=python3-venv && $(PYTHON) -m venv --clear .venv; }
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	$(BIN)/python -m pip check
	@touch $@

# What browser and crash tests need from the system. Where it can't be had, they are skipped and say so.
system:
	@.ci/debian 'chromium=chromium fonts-dejavu-core' chromedriver=chromium-driver strace=strace \
		java=default-jre-headless 'go=golang-go golang-golang-x-mod-dev'

$(JUDGES): tests/browser/package-lock.json
	@if ! command -v npm >/dev/null; then echo 'skipped: browser tests (npm is not here)'; \
	elif (cd tests/browser && npm ci --silent); then touch $@; \
	else echo 'skipped: browser tests (npm could not install axe-core and the Nu HTML checker)'; fi
