# Everything a developer does. Needs Python 3.11 or newer and make, nothing else.

# The Pythons tried, the one the lock files are made for first.
PYTHONS := python3.11 python3.12 python3.13 python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# What only `audit` and `sbom` need is in an environment of its own.
TOOLS := build/tools

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help run test bench faults lint format migration install lock audit sbom clean

help: ## Explain the targets
	@echo 'padws. The first target you use sets up $(VENV), once.'
	@echo
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 18

run: $(READY) ## Run padws with a database, a Redis and a sign-in provider of its own; PORT=8000
	@exec $(BIN)/flask dev --stop-with-parent $$PPID

test: $(READY) ## Run the tests against real servers; make test ARGS="-k backup" picks some
	@$(BIN)/pytest $(ARGS)

bench: $(READY) ## Measure padws beside bare SQL, with wrk; make bench ARGS=--quick takes a minute
	@$(BIN)/python -m bench $(ARGS)

faults: $(READY) ## Break what padws needs, 200 times, under 100,000 saves; make faults ARGS=--help
	@$(BIN)/python -m tests.faults $(ARGS)

lint: $(READY) ## Check style, types and SQL
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/sqlfluff lint sql migrations
	$(BIN)/squawk migrations/*.sql

format: $(READY) ## Put the code into the house style
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

migration: $(READY) ## Begin a migration: make migration name=add_pad_colour
	@$(BIN)/python -m padws.migrations.new $(name)

install: $(READY) ## Set up .venv with everything that development needs

lock: $(BIN)/python ## Choose the newest versions of the dependencies, into requirements*.txt
	@$(BIN)/python -c 'import piptools' 2>/dev/null || $(BIN)/pip install --quiet pip-tools
	@echo 'Resolving the run-time dependencies into requirements.txt ...'
	@echo async-timeout | $(COMPILE) --output-file requirements.txt pyproject.toml -
	@echo 'Resolving those of development into requirements-dev.txt ...'
	@$(COMPILE) --extra dev --output-file .requirements-dev.txt pyproject.toml requirements.txt 2>&1 \
		| sed '/may be rejected by pip/d' >&2
	@sed '/^# WARNING: pip install will/,/# via padws/d' .requirements-dev.txt > requirements-dev.txt
	@rm .requirements-dev.txt
	@! grep -n '://' requirements.txt requirements-dev.txt

# async-timeout: redis needs it before Python 3.11.3, and a newer Python would not lock it.
# What sed takes out is padws itself, which its extra `dev` names, and the warning of that.
COMPILE := CUSTOM_COMPILE_COMMAND='make lock' $(BIN)/python -m piptools compile --quiet \
	--upgrade --generate-hashes --allow-unsafe --strip-extras \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host

audit: $(TOOLS)/.ready ## Look up known vulnerabilities of all locked packages; asks the network
	@$(TOOLS)/bin/pip-audit --strict --disable-pip --require-hashes -r requirements-dev.txt -r requirements.txt

sbom: $(TOOLS)/.ready ## Write build/sbom.json and build/licences.md of what is deployed
	@echo 'Installing exactly what is deployed into build/deployed ...'
	@$(BIN)/python -m venv --clear build/deployed
	@build/deployed/bin/python -m pip install -qq --require-hashes -r requirements.txt
	@$(TOOLS)/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
		--output-file build/sbom.json build/deployed
	@$(TOOLS)/bin/pip-licenses --python build/deployed/bin/python --format markdown --with-urls \
		--output-file build/licences.md > /dev/null
	@echo 'Written: build/sbom.json (CycloneDX) and build/licences.md.'

$(TOOLS)/.ready: $(BIN)/python
	@echo 'Installing pip-audit, cyclonedx-bom and pip-licenses into $(TOOLS) ...'
	@$(BIN)/python -m venv --clear $(TOOLS)
	@$(TOOLS)/bin/python -m pip install -qq 'pip-audit>=2' 'cyclonedx-bom>=7' 'pip-licenses>=5'
	@touch $@

clean: ## Remove .venv and what tools have left behind; the data of `make run` in .data stays
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
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
	@$(BIN)/python -m pip install -qq --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation --editable .
	@touch $@
