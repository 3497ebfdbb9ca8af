# The front door. `make quickstart` and `make test` install what is missing, build, and run; both may be run again at once.
PRESET ?= $(if $(CI),ci,release)
BUILD := build/$(PRESET)
HEROSWEEP := $(BUILD)/herosweep
SOURCES = $(shell git ls-files '*.h' '*.cpp')

.DEFAULT_GOAL := help
.PHONY: help setup fetch build program quickstart test bench gpu format lint asan tsan clean

help:  ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup:  ## Install what is missing: packages, the Python venv
	@cmake/setup.sh

fetch: setup  ## Get the quickstart's model and data (verified, kept in models/ and data/)
	@.venv/bin/python experiments/fetch.py

build: setup  ## Build everything (PRESET=release|dev|asan|tsan|ci)
	@cmake --preset $(PRESET) -Wno-dev >/dev/null
	@cmake --build --preset $(PRESET)

program: setup  ## Build herosweep alone, without tests and benchmarks
	@cmake --preset $(PRESET) -Wno-dev >/dev/null
	@cmake --build --preset $(PRESET) --target herosweep

quickstart: program fetch  ## All 64 HERO and 6 ZeroQuant plans of a real BERT: table, page, LaTeX
	@$(HEROSWEEP) run configs/quickstart.yaml

test: build fetch  ## Build and run every test
	@ctest --preset $(PRESET) -j "$$(nproc)"

bench: build  ## Kernel benchmarks (Google Benchmark)
	@$(BUILD)/kernels/bench/herosweep_bench_gemm
	@$(BUILD)/kernels/bench/herosweep_bench_operators

gpu: build  ## Tests that need a GPU
	@ctest --preset $(PRESET) -L gpu

format:  ## Format the sources in place
	@cmake/setup.sh lint
	@clang-format -i $(SOURCES)

lint: setup  ## Formatting and clang-tidy of what changed since it passed, warnings are errors
	@cmake/setup.sh lint
	@clang-format --dry-run -Werror $(SOURCES)
	@cmake --preset lint -Wno-dev >/dev/null
	@cmake/lint.py build/lint

asan:  ## The tests under the address and undefined behaviour sanitizers
	@$(MAKE) test PRESET=asan

# Rooms whose tests start threads, or processes that do.
TSAN_ROOMS := attention embedding engine gemm layer_norm measure model quantize store

tsan: setup  ## Tests of kernels, engine, workers, runner and store under the thread sanitizer
	@cmake --preset tsan -Wno-dev >/dev/null
	@cmake --build --preset tsan --target $(addprefix herosweep_test_,$(TSAN_ROOMS))
	@ctest --preset tsan -j "$$(nproc)" -L "^herosweep_test_($$(echo $(TSAN_ROOMS) | tr ' ' '|'))\$$"

clean:  ## Remove the build folders
	@rm -rf build
