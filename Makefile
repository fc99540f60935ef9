# The front door. Each target sets up what it needs, so any of them can come first.
#
#   make demo                  compile the example model and let it write Shakespeare
#   make check                 build and run every test
#   make check PRESET=dev      the same in another preset: default, dev or sanitize

PRESET ?= default
JOBS ?= $(shell nproc)

build_default := build
build_dev := build-dev
build_sanitize := build-sanitize
BUILD := $(build_$(PRESET))
ifeq ($(BUILD),)
$(error unknown PRESET=$(PRESET), expected default, dev or sanitize)
endif

VENV := build/venv/bin
CLANG_FORMAT ?= clang-format-22
CXX_FILES = $(shell git ls-files --cached --others --exclude-standard -- '*.cpp' '*.h' '*.c')

.DEFAULT_GOAL := help
.PHONY: help setup packages python configure build demo check format lint docs install clean

help: ## Show this help
	@echo "Targets (PRESET=default|dev|sanitize):"
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | awk -F '\t' '{ printf "  make %-10s %s\n", $$1, $$2 }'

setup: packages python ## Install missing Debian and Python packages

packages:
	@utils/setup.sh packages

python: packages
	@utils/setup.sh python

configure: packages
	@test -f $(BUILD)/build.ninja || cmake --preset $(PRESET) --log-level=WARNING

build: configure ## Build everything
	@cmake --build --preset $(PRESET) -j $(JOBS)

demo: configure ## Compile the example model and stream text from it
	@cmake --build --preset $(PRESET) -j $(JOBS) --target ternary-compile ternary-run
	@utils/demo.sh $(BUILD)

check: configure python ## Build and run every test
	@cmake --build --preset $(PRESET) -j $(JOBS) --target all ternary-test-depends
	@$(VENV)/python utils/check.py --build-dir $(BUILD)

docs: configure ## Generate the reference of ops and passes in build/docs/reference
	@cmake --build --preset $(PRESET) -j $(JOBS) --target mlir-doc
	@echo "The generated reference is in $(BUILD)/docs/reference."

format: python ## Format all C, C++ and Python sources
	@$(CLANG_FORMAT) -i $(CXX_FILES)
	@$(VENV)/ruff check --quiet --fix . || true
	@$(VENV)/ruff format --quiet .

lint: python ## Check formatting and Python code without changing anything
	@$(CLANG_FORMAT) --dry-run -Werror $(CXX_FILES)
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check .

PREFIX ?= /usr/local
install: build ## Install into PREFIX (/usr/local)
	@cmake --install $(BUILD) --prefix $(PREFIX)

clean: ## Remove everything that was built
	rm -rf build build-dev build-sanitize
