# Each target makes .venv and the web UI first, which is quick when nothing changed.
.DEFAULT_GOAL := help
.PHONY: help demo run test check bench soak web clean
MAKEFLAGS += --no-print-directory

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

# Where these two keep everything.
demo run: export MODELYARD_DATA_DIR ?= $(CURDIR)/.data

demo: ## from a pickle to predictions with a real model, then serve until Ctrl-C (ONCE=1: stop and report)
	@scripts/bootstrap demo
	@.venv/bin/python scripts/build_web.py
	@exec .venv/bin/python -m modelyard.apps.demo $(if $(filter 1,$(ONCE)),--once)

run: ## start the server on its embedded default
	@scripts/bootstrap
	@.venv/bin/python scripts/build_web.py
	@exec .venv/bin/modelyard up

test: ## set up what the tests need and run them all (ARGS="-k name" for some)
	@scripts/test $(ARGS)

check: ## format, lint, types, import walls, generated client
	@scripts/check

bench: ## measure everything against its reference (NAME=image_assembly for one)
	@scripts/bootstrap dev
	@.venv/bin/python scripts/debian_packages.py benchmarks
	@.venv/bin/python benchmarks/run.py $(NAME)

soak: ## the long counts: faults, fuzzing, scale
	@MODELYARD_SOAK=1 scripts/test -m soak --timeout 0 $(ARGS)

web: ## build the web UI
	@scripts/bootstrap
	@.venv/bin/python scripts/build_web.py

clean: ## remove what was made here, but for the data of `make demo` and `make run`
	rm -rf .venv .tools web/node_modules web/dist src/modelyard/apps/static src/modelyard/apps/front dist test-output
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .schemathesis
