# Entry points; CMake and Ninja do the work. `make help` lists them.
BUILD   := build
JOBS    ?= $(shell nproc 2>/dev/null || echo 2)
PYTHON  ?= /usr/bin/python3
PREFIX  ?= /usr/local
DESTDIR ?=
SECONDS ?= 60
ONLY    ?=
STAGE   ?=
CMAKE_FLAGS ?=
export PYTHON JOBS

.PHONY: all help run test test-long test-arch bench fuzz amalgamate symbols install format tidy clean deps-%

all: $(BUILD)/build.ninja ## build/throng, build/libthrong.so, build/libthrong.a and the examples
	cmake --build $(BUILD) -j $(JOBS) --target product

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1  \2/p' Makefile

$(BUILD)/build.ninja: CMakePresets.json | deps-build
	cmake --preset release $(CMAKE_FLAGS)

deps-%:
	@tools/deps.sh $*

run: all ## build, then run the examples
	examples/run.sh

test: deps-test ## style checks, builds with gcc and clang, all tests, sanitizers
	@$(PYTHON) tools/run_tests.py --jobs $(JOBS) $(if $(STAGE),--stage $(STAGE)) $(if $(ONLY),--only $(ONLY))

test-long: deps-test deps-fuzz deps-arch ## the same, long tests too, and 30 minutes of fuzzing each target
	@TG_LONG=1 $(PYTHON) tools/run_tests.py --jobs $(JOBS) --long

test-arch: deps-arch ## the library on 64-bit Arm and on s390x (big-endian), cross-built, run by qemu
	@$(PYTHON) tools/run_tests.py --jobs $(JOBS) --long --stage arch

bench: deps-bench ## benchmarks; ONLY=name for one section
	tools/bench.sh $(ONLY)

fuzz: deps-fuzz ## libFuzzer on every target, SECONDS=60 each; ONLY=name for one
	SECONDS_EACH=$(SECONDS) tools/fuzz.sh $(ONLY)

amalgamate: ## the library as one file: build/amalgamation/throng.c and throng.h
	@$(PYTHON) tools/amalgamate.py $(BUILD)/amalgamation

symbols: all ## compare exported symbols with tools/symbols.txt
	tools/check_symbols.sh $(BUILD)

install: all ## PREFIX=/usr/local DESTDIR=
	DESTDIR="$(DESTDIR)" cmake --install $(BUILD) --prefix "$(PREFIX)"

format: deps-format ## format every C file
	tools/check_format.sh --fix

tidy: $(BUILD)/build.ninja ## clang-tidy over the library and the command (needs clang-tidy)
	tools/tidy.sh $(BUILD)

clean: ## remove everything that was built
	rm -rf $(BUILD)
