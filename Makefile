# Each target sets itself up in .venv with nothing but python3 and make.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export OMP_NUM_THREADS ?= 1

.PHONY: demo test check perf docs clean

demo: $(VENV)/.installed  ## five strategies on real images: table, plots, report.html
	$(BIN)/avalanche compare --benchmark SplitDigits \
		--strategies Naive,LwF,EWC,Replay,JointTraining --seeds 3 --out runs/demo --overwrite

test: $(VENV)/.installed  ## the whole test suite
	$(BIN)/python -m pytest -q -n 2 tests

check: $(VENV)/.installed  ## style, types, layers, doctests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_layers.py
	$(BIN)/python -m pytest -q -n 2 --doctest-modules avalanche

perf: $(VENV)/.installed  ## this library, a bare loop and avalanche-lib 0.6.0, side by side
	$(BIN)/python perf/compare.py

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
