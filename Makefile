# Needs python3, pip, make and git; everything else is fetched below this folder.
.DEFAULT_GOAL := help
.PHONY: help install demo serve up test check format dictionary calibrate endurance bench clean

UV := $(or $(shell command -v uv 2>/dev/null),.uv/bin/uv)
# Health data stays here: no tool reports home.
export DAGSTER_DISABLE_TELEMETRY := 1
export DO_NOT_TRACK := 1

RUN := $(UV) run --frozen --no-sync

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

.uv/bin/uv:
	@python3 -m pip install --quiet --disable-pip-version-check --target .uv 'uv>=0.9' \
	  || { echo "make needs uv, or pip to fetch it: 'python3 -m pip' does not work here." >&2; exit 1; }

install: .venv/.installed ## Install Santorio and what it needs into .venv

.venv/.installed: pyproject.toml uv.lock .python-version | $(filter .uv/bin/uv,$(UV))
	@$(UV) sync --frozen --quiet --compile-bytecode # every start is then twice as fast
	@touch $@

demo: install ## Simulate a person, study them, show the results
	@$(RUN) santorio demo

serve: install ## Serve the pipeline's UI, its daemon and the API
	@$(RUN) santorio serve

up: serve

test: install ## Run the tests
	@$(RUN) pytest -m "not slow" --numprocesses 3 --dist loadscope --no-loadscope-reorder # two cores wait for the disk often

check: install ## Lint, types, the direction of imports, the definitions
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) mypy
	@$(RUN) pytest -q tests/test_architecture.py
	@$(RUN) dg check defs

format: install ## Format the code
	@$(RUN) ruff check --fix --quiet . ; $(RUN) ruff format .

dictionary: install ## Write docs/data-dictionary.md from the dbt project
	@$(RUN) python -m santorio.warehouse.data_dictionary

calibrate: install ## Check the statistics' promises at length (some hours)
	@$(RUN) pytest -m slow tests/calibration

endurance: install ## Kill, fuzz and overload what takes data in and builds, at length (hours)
	@$(RUN) pytest -m slow tests/endurance tests/dbt_project tests/end_to_end

bench: install ## Measure speed and memory; write benchmarks/results
	@for what in run sync garmin_days fit export trials mixing effects operating ranking forecasts timescale warehouse log_to_api; do $(RUN) python -m benchmarks.$$what || exit 1; done

clean: ## Remove what was installed and built; data in .santorio stays
	@rm -rf .venv .uv dbt_project/target dbt_project/logs .pytest_cache .mypy_cache .ruff_cache
