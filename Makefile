# The first Python of 3.11 or later that is there; PYTHON=... names another.
PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3.14 python3,$(shell command -v $(name))))
VENV := .venv
BIN := $(VENV)/bin
RUN := $(BIN)/autotrain-dsl
COLONY := --curriculums curriculums --behavior examples/df_behavior.csv --manager demo/df_manager.csv

.PHONY: demo test readers durability check lint docs screens performance clean

# The example colony has sessions that cannot be judged, on purpose: evaluate says so with exit code 1.
demo: $(VENV)/.ready
	$(RUN) validate --strict curriculums
	$(RUN) test curriculums
	mkdir -p demo
	$(RUN) evaluate $(COLONY) || test $$? -eq 1
	@echo; echo "The same again: there is nothing new to judge."
	$(RUN) evaluate $(COLONY) || test $$? -eq 1
	$(RUN) report $(COLONY) --output demo/pages --now 2025-02-24
	@echo; echo "Your tables: demo/df_manager.csv and demo/df_manager_stats.csv; your pages: demo/pages/index.html (make clean removes them)"

test: $(VENV)/.ready readers
	$(BIN)/pytest -n 2 --dist worksteal

# The pandas versions that rigs run, each in a folder of its own, to read there what is written here.
readers: $(VENV)/.ready
	$(BIN)/python tests/readers.py

# What takes too long for every change: more rounds of everything in tests/test_durability.py, and a real Ceph gateway.
durability: $(VENV)/.ready
	$(BIN)/python tests/durability.py
	$(BIN)/python tests/ceph.py

check: lint test

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(RUN) fmt --check curriculums schemas examples

# What is made from the program: the manual of findings, the table of the configuration's keys, the pictures.
docs: $(VENV)/.ready
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/pictures.py

# The screenshots of pages, which are other bytes each time.
screens: $(VENV)/.ready
	$(BIN)/python docs/screens.py

# What is measured beside other programs, some ten minutes long: docs/performance.md.
performance: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --editable '.[benchmarks]'
	$(BIN)/python benchmarks/performance.py

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) .readers demo dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
