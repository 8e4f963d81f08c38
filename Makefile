# Everything a developer runs. Needs Python 3.11 or newer and make, nothing else.

# The Pythons to look for, in this order.
PYTHONS := python3.11 python3.12 python3.13 python3.14 python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# The programs for `wheels`, `lock`, `audit` and `sbom`, in an environment of their own.
TOOLS := build/tools
# Exactly what is deployed; the tests start the service from it.
DEPLOYED := build/deployed
DIST := dist
# A process for each processor, with a PostgreSQL, a Redis and a provider of its own.
AT_ONCE := --numprocesses auto --dist worksteal
INSTALL := -m pip install -qq --require-hashes --only-binary :all:

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help run board board-dev test check bench faults lint format migration install wheel wheels lock audit sbom clean

help: ## Explain the targets
	@echo 'padws. The first target you use sets up $(VENV), once.'
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 18

run: $(READY) ## Run padws with a database, a Redis and a sign-in provider of its own; PORT=8000
	@$(BIN)/python -m tools.board --optional
	@exec $(BIN)/flask dev --stop-with-parent $$PPID

board: $(READY) ## Build the board, the page that people draw on, where board/ has changed
	@$(BIN)/python -m tools.board

board-dev: $(READY) ## Serve the board from its sources, beside `make run` in another terminal
	@$(BIN)/python -m tools.board --dev

test: $(READY) $(DEPLOYED)/.ready ## Run the tests against real servers; make test ARGS="-k backup" picks some
	@$(BIN)/pytest $(AT_ONCE) $(ARGS)

# Sends only a few of the requests that tests generate; `test` sends them all.
check: $(READY) ## Run the quick checks: types, style, and the tests of units, queries and the contract
	@$(BIN)/ruff check --quiet && $(BIN)/ruff format --check --quiet && $(BIN)/mypy
	@PADWS_TEST_BODIES=40 PADWS_TEST_EXAMPLES=8 \
		$(BIN)/pytest $(AT_ONCE) --quiet tests/unit tests/queries tests/api $(ARGS)

bench: $(READY) ## Measure padws beside bare SQL, with wrk; make bench ARGS=--quick takes a minute
	@$(BIN)/python -m bench $(ARGS)

faults: $(READY) ## Break what padws needs, 200 times, under 100,000 saves; make faults ARGS=--help
	@$(BIN)/python -m tests.faults $(ARGS)

lint: $(READY) wheels ## Check style, types, SQL and that every locked package is a wheel
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/sqlfluff lint sql migrations
	$(BIN)/squawk migrations/*.sql

wheels: $(TOOLS)/.ready ## Check that nobody needs a compiler to install what is locked
	@for version in 3.11 3.12 3.13 3.14; do \
		for platform in x86_64-manylinux_2_31 aarch64-manylinux_2_31 aarch64-apple-darwin; do \
			for lock in requirements.txt requirements-dev.txt; do \
				$(TOOLS)/bin/uv pip install --quiet --dry-run --no-deps --only-binary :all: --require-hashes \
					--python-version $$version --python-platform $$platform --target build/none -r $$lock || \
				{ echo "$$lock cannot be installed by Python $$version on $$platform" >&2; exit 1; }; \
			done; \
		done; \
	done

format: $(READY) ## Put the code into the house style
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

migration: $(READY) ## Start a migration: make migration name=add_pad_colour
	@$(BIN)/python -m padws.migrations.new $(name)

install: $(READY) ## Set up .venv with everything that development needs

lock: $(TOOLS)/.ready ## Lock the newest versions of the dependencies in requirements*.txt
	@echo 'Locking the run-time dependencies in requirements.txt ...'
	@$(COMPILE) --output-file requirements.txt pyproject.toml
	@echo 'Locking those of development in requirements-dev.txt ...'
	@$(COMPILE) --extra dev --constraints requirements.txt --output-file requirements-dev.txt pyproject.toml
	@! grep -n '://' requirements.txt requirements-dev.txt

# One lock for every Python and platform, of wheels alone: nobody needs a compiler.
COMPILE := UV_CUSTOM_COMPILE_COMMAND='make lock' $(TOOLS)/bin/uv pip compile --quiet --upgrade \
	--universal --python-version 3.11 --only-binary :all: --generate-hashes --no-emit-index-url

audit: $(TOOLS)/.ready ## Look up known vulnerabilities of all locked packages; needs the network
	@$(TOOLS)/bin/pip-audit --strict --disable-pip --require-hashes -r requirements-dev.txt -r requirements.txt

sbom: $(TOOLS)/.ready $(DEPLOYED)/.ready ## Write build/sbom.json and build/licences.md of what is deployed
	@sed "s/^dynamic = .*/version = \"$$($(BIN)/python -c 'import padws; print(padws.VERSION)')\"/" \
		pyproject.toml > build/pyproject.toml
	@$(TOOLS)/bin/cyclonedx-py environment --pyproject build/pyproject.toml --output-reproducible \
		--output-file build/sbom.json $(DEPLOYED)
	@$(TOOLS)/bin/pip-licenses --python $(DEPLOYED)/bin/python --format markdown --with-urls \
		--output-file build/licences.md > /dev/null
	@echo 'Written: build/sbom.json (CycloneDX) and build/licences.md.'

$(TOOLS)/.ready: $(BIN)/python
	@echo 'Installing uv, pip-audit, cyclonedx-bom and pip-licenses into $(TOOLS) ...'
	@$(BIN)/python -m venv --clear $(TOOLS)
	@$(TOOLS)/bin/python -m pip install -qq 'uv>=0.11' 'pip-audit>=2' 'cyclonedx-bom>=7' 'pip-licenses>=5'
	@touch $@

$(DEPLOYED)/.ready: $(BIN)/python requirements.txt
	@echo 'Installing exactly what is deployed into $(DEPLOYED) ...'
	@$(BIN)/python -m venv --clear $(DEPLOYED)
	@$(DEPLOYED)/bin/python $(INSTALL) -r requirements.txt
	@touch $@

wheel: $(READY) ## Build dist/padws-*.whl, which contains everything the service needs
	@$(BIN)/python -m tools.board --optional
	@$(BIN)/python -m pip wheel -qq --no-deps --no-build-isolation --wheel-dir $(DIST) .
	@ls $(DIST)/padws-*.whl

clean: ## Remove .venv and what tools left behind; the data of `make run` in .data stays
	rm -rf $(VENV) build dist padws/board board/node_modules *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@for python in $(PYTHONS); do \
		if $$python -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "Setting up $(VENV) with $$($$python --version) ..."; \
			exec $$python -m venv --clear $(VENV); \
		fi; \
	done; \
	echo 'padws needs Python 3.11 or newer with venv (on Debian in the package python3-venv);' \
		'tried: $(PYTHONS)' >&2; exit 1

$(READY): $(BIN)/python requirements-dev.txt pyproject.toml
	@echo 'Installing the packages of requirements-dev.txt into $(VENV); the first time takes a minute ...'
	@$(BIN)/python $(INSTALL) -r requirements-dev.txt
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation --editable .
	@touch $@
