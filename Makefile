# `make demo` and `make test` need git, make, and python3 with venv; everything else is installed from hashed locks.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-long own-check bench recall attribution hidden-state soak docs clean

demo: .venv/installed
	@$(BIN)/python examples/demo.py

test: .venv/developed
	@$(BIN)/ruff check src tests bench docs
	@$(BIN)/ruff format --check -q src tests bench docs
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

test-long: .venv/developed
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m long

bench: .venv/developed
	@$(BIN)/python -m bench

recall: .venv/developed
	@$(BIN)/python -m bench.recall $(SEEDS)

attribution: .venv/developed
	@$(BIN)/python -m bench.attribution

hidden-state: .venv/developed
	@$(BIN)/python -m bench.hidden_state

soak: .venv/developed
	@READINESS_SOAK=1 $(BIN)/python -m pytest -s --hypothesis-profile=long tests/layers/security/test_compiling.py -k "decide_the_same or enough"
	@$(BIN)/python -m bench.probes
	@$(BIN)/python -m bench.secrets

docs: .venv/developed
	@$(BIN)/python docs/generate.py

own-check: .venv/installed
	@$(BIN)/readiness check --layer infrastructure --again

.venv/installed: requirements/install.txt pyproject.toml
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/install.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/developed: requirements/dev.txt .venv/installed
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

clean:
	rm -rf .venv .readiness build dist
