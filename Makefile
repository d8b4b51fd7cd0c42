# `make help` lists the commands. Each installs what it needs.

PYTHON ?= python3
VENV ?= .venv
PORT ?= 8080
WEB_PORT ?= 5000
WORKERS ?= 6

BIN := $(VENV)/bin
IN_PARALLEL := -n $(WORKERS) --dist loadfile --no-loadscope-reorder
NPM := $(shell command -v npm)
PYTHONS ?= $(foreach number,11 12 13 14,$(shell command -v python3.$(number)))
PYTHON2 ?= $(shell python2.7 -c 'import sys; print(sys.executable)' 2>/dev/null)

# Tests start hundreds of programs, which would each compile anew what cannot be kept compiled.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run cluster test test-oldest test-pythons test-units long long-log faults hostile conformance check format vendor schemas emoji docs recording gallery bench bench-bridge bench-page bench-terminal bench-crowd bench-log bench-cluster bench-cluster-faults bench-start bench-stream soak wheel sdist sbom clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/runtime ## Start the TCP server (PORT=8080) and the gateway (WEB_PORT=5000), LAN=1: for your network too; Ctrl-C stops both
	@$(BIN)/python tools/run.py $(PORT) $(WEB_PORT) $(LAN)

cluster: $(VENV)/cluster ## Start one room on three servers, to kill one: Redis, two gateways, HAProxy (PORT=8080, WEB_PORT=5000)
	@$(BIN)/python tools/cluster.py $(PORT) $(WEB_PORT)

test: $(VENV)/development $(if $(NPM),node_modules) ## Run all tests (WORKERS=6: the number of processes; tests mostly wait)
	$(BIN)/python -m pytest $(IN_PARALLEL)

# tests/tcp_server/connection is left out: it is slow, and what it tests uses the standard library.
UNIT_TESTS := --ignore=tests/tcp_server/connection \
  tests/chat_protocol tests/tcp_server tests/web_gateway tests/chat_client tests/cli_client

test-oldest: $(VENV)/oldest/installed ## Run the unit tests with the oldest libraries that pyproject.toml allows
	$(VENV)/oldest/bin/python -m pytest $(IN_PARALLEL) $(UNIT_TESTS)

test-pythons: ## Run the unit tests with every Python from 3.11 to 3.14 that is here, or PYTHONS="python3.12 ..."
	@set -e; for python in $(PYTHONS); do \
	  echo "$$python:"; $(MAKE) --no-print-directory PYTHON=$$python VENV=$(VENV)/$${python##*/} test-units; done

test-units: $(VENV)/development
	$(BIN)/python -m pytest $(IN_PARALLEL) $(UNIT_TESTS)

# These four have strict time limits and need a quiet machine.
long: $(VENV)/development $(if $(NPM),node_modules) ## Run all tests one by one, on a quiet machine; ten minutes
	ONEROOM_QUIET=1 $(BIN)/python -m pytest
	rm -rf build/wheel
	$(BIN)/python -m hatchling build --target wheel --directory build/wheel
	cd build/wheel && ../../$(BIN)/python -m zipfile -e oneroom-*.whl .
	ONEROOM_QUIET=1 ONEROOM_PROGRAMS=build/wheel $(BIN)/python -m pytest tests/end_to_end tests/hostile/test_xss.py tests/hostile/test_ill_typed.py

long-log: $(VENV)/development ## Test a log of a million messages, on a quiet machine; some minutes
	ONEROOM_QUIET=1 $(BIN)/python -m pytest tests/tcp_server/maintenance/large_log.py

faults: $(VENV)/development ## Inject faults (kills, resets, silence, a full disk), 20 rounds of each; some minutes
	ONEROOM_QUIET=1 ONEROOM_FAULT_ROUNDS=20 $(BIN)/python -m pytest -s tests/faults

hostile: $(VENV)/development ## Run the attacks, 20 rounds of each; some minutes
	ONEROOM_HOSTILE_ROUNDS=20 $(BIN)/python -m pytest -n $(WORKERS) tests/hostile/test_fuzz_*.py
	ONEROOM_QUIET=1 ONEROOM_HOSTILE_ROUNDS=20 $(BIN)/python -m pytest -s --ignore-glob='*/test_fuzz_*' tests/hostile

conformance: $(VENV)/development ## Test the WebSocket side with the Autobahn suite (PYTHON2=python2.7)
	$(if $(PYTHON2),@$(MAKE) --no-print-directory $(VENV)/autobahn && \
	  $(BIN)/python -m tests.web_gateway.conformance.autobahn $(PYTHON2) $(VENV)/autobahn test-results/autobahn,\
	  @echo "CPython 2.7 is not installed: the Autobahn suite is left out"; test -z "$$ONEROOM_NO_SKIP")

check: $(VENV)/development $(if $(NPM),node_modules) ## Check style and types of everything
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(call with_npm,run check)

format: $(VENV)/development ## Format the Python code, and fix what ruff can fix
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

vendor: $(VENV)/development node_modules ## Fetch the libraries of the page anew
	$(BIN)/python -m tools.vendor

schemas: $(VENV)/development ## Fetch the schemas of compose files and of Kubernetes anew
	$(BIN)/python -m tools.schemas

emoji: $(VENV)/development ## Make the list of emoji anew
	$(BIN)/python -m tools.emoji

docs: $(VENV)/development ## Write docs/configuration.md from the settings
	$(BIN)/python -m tools.configuration

gallery: $(VENV)/development $(if $(NPM),node_modules) ## Make docs/gallery.md anew: pictures of the page in all its states; some minutes
	$(BIN)/python -m tools.gallery

recording: $(VENV)/development ## Make docs/recording.cast and the animated pictures of README.md anew, with Chromium and tmux
	$(BIN)/python -m tools.recording

bench: $(VENV)/development ## Compare the server with others (QUICK=1: a few minutes), or BASE=another checkout
	$(BIN)/python -m benchmarks$(if $(BASE),.paired $(BASE)) $(if $(QUICK),$(if $(BASE),--rounds 5,--quick))

bench-bridge: $(VENV)/development $(VENV)/websockify ## Compare the gateway with other bridges
	$(BIN)/python -m benchmarks.bridge $(VENV)/websockify

bench-page: $(VENV)/development $(if $(NPM),node_modules) ## Measure the page in Chromium (QUICK=1: four minutes), beside BASE=another checkout
	$(BIN)/python -m benchmarks.page.loading $(if $(QUICK),--quick) $(if $(BASE),--base $(BASE))
	$(BIN)/python -m benchmarks.page.scrolling $(if $(QUICK),--quick) $(if $(BASE),--base $(BASE))
	$(BIN)/python -m benchmarks.page.flood $(if $(QUICK),--quick)

bench-terminal: $(VENV)/development ## Compare the terminal client with weechat and irssi
	$(BIN)/python -m benchmarks.terminal

bench-crowd: $(VENV)/development ## Measure what joins cost in a crowd of as many clients as descriptors allow
	$(BIN)/python -m benchmarks.crowd

bench-log: $(VENV)/development ## Measure the cost of the log on disk, beside BASE=another checkout
	$(BIN)/python -m benchmarks.log_cost $(if $(BASE),--base $(BASE) --times 15)

bench-cluster: $(VENV)/development ## Compare a room on one server and on several
	$(BIN)/python -m benchmarks.cluster

bench-cluster-faults: $(VENV)/development ## Measure a cluster in which servers and Redis fail, and are restarted; some minutes
	$(BIN)/python -m benchmarks.cluster_faults

soak: $(VENV)/development ## Run under load for an hour (MINUTES=…) and write docs/performance-soak.md
	$(BIN)/python -m benchmarks.soak $(if $(MINUTES),--minutes $(MINUTES))

bench-start: $(VENV)/development ## Measure how soon each program is ready, beside BASE=another checkout
	$(BIN)/python -m benchmarks.start $(if $(BASE),--base $(BASE))

bench-stream: $(VENV)/development ## Measure the stream of a cluster, in a Redis of its own
	$(BIN)/python -m benchmarks.stream_cost

wheel: $(VENV)/development $(if $(NPM),node_modules) ## Build dist/oneroom-*.whl, with man pages and completions, and the page in few files if Node is there
	rm -rf build/share dist/oneroom-*.whl
	$(BIN)/python -m tools.manuals build/share
	ONEROOM_SHARE=build/share $(BIN)/python -m hatchling build --target wheel

sdist: $(VENV)/development $(if $(NPM),node_modules) ## Build dist/oneroom-*.tar.gz, the sources
	$(BIN)/python -m hatchling build --target sdist

sbom: wheel $(VENV)/cyclonedx ## Write dist/oneroom-*.cdx.json: all that the wheel consists of and needs
	$(BIN)/python -m tools.sbom $(VENV)/cyclonedx/bin/cyclonedx-py

clean: ## Remove everything that was built or installed here
	rm -rf $(VENV) node_modules dist build .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The page's own checks need Node; without it they are left out, or are an error if
# ONEROOM_NO_SKIP is set.
with_npm = $(if $(NPM),npm $(1),@echo "Node is not installed: npm $(1) is left out"; test -z "$$ONEROOM_NO_SKIP")

# Empty files that stand for an up-to-date environment: `runtime` can run the programs,
# `development` can do everything.
$(VENV)/runtime: pyproject.toml
	@$(PYTHON) -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Oneroom needs Python 3.11 or newer with venv; if yours has another name: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/cluster: pyproject.toml | $(VENV)/runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[cluster]'
	@touch $@

$(VENV)/development: pyproject.toml | $(VENV)/runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(VENV)/runtime $@

$(VENV)/oldest/installed: pyproject.toml tools/oldest.py | $(VENV)/runtime
	rm -rf $(@D)
	$(BIN)/python -m venv $(@D)
	$(BIN)/python tools/oldest.py >$(@D)/constraints.txt
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check \
	  --constraint $(@D)/constraints.txt --editable '.[dev]'
	@touch $@

# Third-party programs, for conformance, measurements and releases only.
$(VENV)/autobahn: | $(VENV)/development
	$(PYTHON2) -m pip install --quiet --disable-pip-version-check --target $@ autobahntestsuite==0.8.2

$(VENV)/cyclonedx: | $(VENV)/development
	$(BIN)/python -m venv --without-pip $@
	$(BIN)/python -m pip --python $@/bin/python install --quiet --disable-pip-version-check cyclonedx-bom==7.5.0

$(VENV)/websockify: | $(VENV)/development
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --target $@ websockify==0.13.0

node_modules: package.json
	npm install --no-audit --no-fund
	@touch $@
