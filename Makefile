# Every goal installs what it needs first (tools/setup.sh); `make help` explains them.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup build test test-page test-page-large demo serve bench bench-peers bench-figures bench-kernels bench-change torture hostile test-clients asan tsan fuzz format tidy docs install clean

JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
PYTHON_BIN := .venv/bin/python
# Options of the release build, the one that is tested and installed. The model runtime and its
# CMake files come from the virtual environment.
RELEASE_OPTIONS = -DSIMILE_PYTHON=ON -DPython_EXECUTABLE=$(CURDIR)/$(PYTHON_BIN)
OPENVINO_OPTION = -DOpenVINO_DIR=$$(echo $(CURDIR)/.venv/lib/python3*/site-packages/openvino/cmake)

# $(call configure,preset,options): once, and again when setup has changed something.
configure = if [ ! build/$(1)/build.ninja -nt .venv/.ready ]; then \
	cmake --preset $(1) $(OPENVINO_OPTION) $(2); touch build/$(1)/build.ninja; fi

help:
	@echo 'Simile, a vector database for deep features.'
	@echo
	@echo 'First steps'
	@echo '  make demo      index a folder of pictures, search it, write demo.html'
	@echo '                 (PICTURES=dir QUERY=file for your own; DEMO_K=12 hits)'
	@echo '  make test      build everything and run the everyday suite: C++, Python, command line'
	@echo '  make serve     serve clients of Milvus on DB=data.simile, ports 19530 and 9091'
	@echo
	@echo 'Using it'
	@echo '  make install   PREFIX=/usr/local: program, library, headers, CMake package, models'
	@echo '  pip install .  the Python module'
	@echo '  make bench     search beside other libraries, the figures of the README, the kernels;'
	@echo '                 SIMILE_DATA=dir of sets, SETS=sift PEERS=simile,hnswlib for some (bench/)'
	@echo
	@echo 'Working on it (see CONTRIBUTING.md)'
	@echo '  make setup     only install what is missing (apt, .venv); every other goal does it too'
	@echo '  make build     only build, into build/release'
	@echo '  make test-page the page in a headless Chromium; test-page-large: over a million rows'
	@echo '  make torture   the random tests SIMILE_TORTURE=20 times as long, from a new SIMILE_SEED, and'
	@echo '                 a mixed load on a server for LOAD_MINUTES=10, and make hostile'
	@echo '  make hostile   HOSTILE_REQUESTS=1000000 random and hostile requests to a server'
	@echo '  make test-clients  LangChain, LlamaIndex, VectorDBBench and the Node SDK at the server'
	@echo '  make asan      the C++ tests under the address and undefined-behaviour sanitizers'
	@echo '  make tsan      the C++ tests under the thread sanitizer'
	@echo '  make fuzz      every fuzz target for FUZZ_SECONDS=60 (clang)'
	@echo '  make format    clang-format on every C++ file'
	@echo '  make tidy      clang-tidy on every C++ file'
	@echo '  make docs      reference of the C++ and Python interfaces into build/docs'
	@echo '  make clean     remove build/ (leaves .venv and .cache)'

setup:
	@tools/setup.sh

build: setup
	@$(call configure,release,$(RELEASE_OPTIONS))
	@cmake --build build/release -j $(JOBS)

test: build
	@$(PYTHON_BIN) tools/run_tests.py build/release

test-page: build
	@tools/setup.sh page
	@SIMILE_PAGE=1 $(PYTHON_BIN) -m pytest -q tests/page

test-page-large: build
	@tools/setup.sh page
	@SIMILE_PAGE=large $(PYTHON_BIN) -m pytest -q tests/page

demo: setup
	@$(call configure,release,$(RELEASE_OPTIONS))
	@cmake --build build/release -j $(JOBS) --target simile_program simile_vips simile_openvino
	@tools/demo.sh

DB ?= data.simile
serve: setup
	@$(call configure,release,$(RELEASE_OPTIONS))
	@cmake --build build/release -j $(JOBS) --target simile_program simile_server_so
	@exec build/release/bin/simile serve --db $(DB)

# With SETS or PEERS only the search is measured, and docs/benchmarks stays as it is.
bench: bench-peers $(if $(SETS)$(PEERS),,bench-figures bench-kernels bench-change)

BENCH_OUT ?= $(if $(SETS)$(PEERS),build/bench,docs/benchmarks)
bench-peers: build
	@bench/install_peers.sh
	@PYTHONPATH=build/release/python:bench .venv-bench/bin/python -m neighbours --out $(BENCH_OUT) \
	  --sets '$(SETS)' --peers '$(PEERS)' --threads $(JOBS) $(if $(REUSE),--reuse .cache/bench) \
	  $(if $(CLOCK),--clock $(CLOCK))

bench-figures: build
	@PYTHONPATH=build/release/python $(PYTHON_BIN) bench/figures.py

bench-kernels: build
	@cmake build/release -DSIMILE_BENCH=ON > /dev/null
	@cmake --build build/release -j $(JOBS) --target kernel_bench flat_bench
	@$$(find build/release/bench -name kernel_bench -type f) 128
	@$$(find build/release/bench -name flat_bench -type f) \
	  --blas "$$(find .venv/lib/python3*/site-packages/numpy.libs -name 'libscipy_openblas*' | head -1)"

bench-change: build
	@cmake build/release -DSIMILE_BENCH=ON > /dev/null
	@cmake --build build/release -j $(JOBS) --target change_bench
	@$$(find build/release/bench -name change_bench -type f) mixture mixture 128 l2

SIMILE_TORTURE ?= 20
SIMILE_SEED ?= $(shell date +%s)
LOAD_MINUTES ?= 10
torture: build
	@echo "SIMILE_SEED=$(SIMILE_SEED) SIMILE_TORTURE=$(SIMILE_TORTURE)"
	@SIMILE_SEED=$(SIMILE_SEED) SIMILE_TORTURE=$(SIMILE_TORTURE) $(PYTHON_BIN) tools/run_tests.py build/release --no-python
	@SIMILE_SEED=$(SIMILE_SEED) SIMILE_TORTURE=$(SIMILE_TORTURE) $(PYTHON_BIN) -m pytest -q \
	  tests/server/kill_test.py tests/server/mixed_load_test.py
	@PYTHONPATH=build/release/python $(PYTHON_BIN) tests/mixed_load.py --seed $(SIMILE_SEED) \
	  --minutes $(LOAD_MINUTES)
	@$(MAKE) --no-print-directory hostile SIMILE_SEED=$(SIMILE_SEED)

HOSTILE_REQUESTS ?= 1000000
hostile: build
	@folder=$$(mktemp -d) && $(PYTHON_BIN) tests/hostile/run.py build/release/bin/simile $$folder \
	  --requests $(HOSTILE_REQUESTS) --seed $(SIMILE_SEED) && rm -rf $$folder

# Clients of other projects, unchanged, at the server: Node SDK, LangChain, LlamaIndex,
# VectorDBBench. Not part of `make test`, for what they need is 1.5 GB.
test-clients: build
	@tools/clients.sh
	@SIMILE_BUILD=build/release .venv-clients/bin/python -m pytest -q tests/clients

asan: setup
	@$(call configure,asan)
	@cmake --build build/asan -j $(JOBS)
	@$(PYTHON_BIN) tools/run_tests.py build/asan --no-python

# Without address randomisation: gcc 12's thread sanitizer cannot map its shadow on newer kernels.
tsan: setup
	@$(call configure,tsan)
	@cmake --build build/tsan -j $(JOBS)
	@setarch -R $(PYTHON_BIN) tools/run_tests.py build/tsan --no-python

FUZZ_SECONDS ?= 60
fuzz:
	@tools/setup.sh && tools/setup.sh dev
	@$(call configure,fuzz)
	@cmake --build build/fuzz -j $(JOBS)
	@tools/fuzz.sh build/fuzz $(FUZZ_SECONDS)

format:
	@tools/setup.sh dev
	@git ls-files --cached --others --exclude-standard '*.cc' '*.h' | xargs clang-format-16 -i

tidy: setup
	@tools/setup.sh dev
	@$(call configure,tidy)
	@git ls-files 'src/*.cc' | xargs -n 4 -P $(JOBS) clang-tidy-19 -p build/tidy --quiet

docs: build
	@tools/setup.sh dev
	@tools/docs.sh

install: build
	@cmake --install build/release --prefix $(PREFIX)

clean:
	rm -rf build
