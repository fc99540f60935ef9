# The front door. Each target sets up what it needs, so any of them can come first.
#
#   make demo                  compile the example model and let it write Shakespeare
#   make check                 build and run every test
#   make check PRESET=sanitize the same in another preset: default, release, sanitize or thread

PRESET ?= default
JOBS ?= $(shell nproc)

build_default := build
build_release := build-release
build_sanitize := build-sanitize
build_thread := build-thread
BUILD := $(build_$(PRESET))
ifeq ($(BUILD),)
$(error unknown PRESET=$(PRESET), expected default, release, sanitize or thread)
endif

VENV := build/venv/bin
CLANG_FORMAT ?= clang-format-22
CXX_FILES = $(shell git ls-files --cached --others --exclude-standard -- '*.cpp' '*.h' '*.c')

.DEFAULT_GOAL := help
.PHONY: help setup packages python configure build demo check check-long format lint docs install clean

help: ## Show this help
	@echo "Targets (PRESET=default|release|sanitize|thread):"
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | awk -F '\t' '{ printf "  make %-10s %s\n", $$1, $$2 }'

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

check: lint configure ## Check the sources, build, and run every test
	@cmake --build --preset $(PRESET) -j $(JOBS) --target all ternary-test-depends
	@$(VENV)/python utils/check.py --build-dir $(BUILD)

# Where time does not matter: other builds, round trips of all IR, and inputs nobody thought of.
check-long: check ## Then sanitizers, round trips of all IR, and 10 minutes of every fuzzer
	@TERNARY_OPT_CHECK_IR_ROUNDTRIP=1 cmake --build --preset default --target check-ternary
	@$(MAKE) check PRESET=sanitize
	@cmake --preset thread --log-level=WARNING
	@cmake --build --preset thread -j $(JOBS) --target check-threads
	@TERNARY_FUZZ_SECONDS=600 cmake --build --preset default --target check-ternary-fuzz

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
	rm -rf build build-release build-sanitize build-thread
