# SPDX-License-Identifier: Apache-2.0
# make test, verify, test-asan, wave, demo. Included last: UNIT_TESTS and SYSTEM_C_TESTS are complete here.
SYS := tests/system
RUN := $(PYTHON) tests/run.py
SIM_BIN := $(B)/bin/espalier-sim
export ESPALIER_SIM ?= $(SIM_BIN)

# On the software reference, then the same and more on the simulated card.
SOFTWARE_TESTS := $(SYS)/test_gw.py:software $(SYS)/test_gw_card.py $(SYS)/test_gw_routes.py:software $(SYS)/test_gw_clear.py:software $(SYS)/test_random.py:software $(SYS)/test_drops.py:software $(SYS)/test_tshark.py:software $(SYS)/test_ike.py $(SYS)/test_outputs.py $(SYS)/test_hardening.py \
  $(foreach t,$(SYSTEM_C_TESTS),ESPALIER_TEST_DEVICE=software,$(t))
SIM_TESTS := $(SYS)/test_random.py:sim $(SYS)/test_drops.py:sim $(SYS)/test_rootcomplex.py $(SYS)/test_pci.py $(SYS)/test_tshark.py:sim \
  $(foreach t,$(SYSTEM_C_TESTS),ESPALIER_TEST_DEVICE=sim,$(t))
# And on the card whose cipher is in C.
DPI_TESTS := $(foreach t,$(SIM_TESTS) $(SYS)/test_gw.py:sim,ESPALIER_SIM=$(SIM_BIN)-dpi,$(t))
# And on cards of other sizes, in make verify: lanes x SAs.
SIZE_SIMS := $(addprefix $(SIM_BIN)-,1x64 2x1024)
SIZE_TESTS := $(foreach s,$(SIZE_SIMS),ESPALIER_SIM=$(s),$(SYS)/test_random.py:sim ESPALIER_SIM=$(s),$(SYS)/test_drops.py:sim ESPALIER_SIM=$(s),ESPALIER_TEST_DEVICE=sim,$(B)/tests/sas)
# At the card's pins, with a model of the hard block and a root complex that are not ours.
COCOTB_TESTS := tests/cocotb/test_cocotb.py
TEST_BINS := $(ESPALIER) $(BINS) $(SIM_BIN)-dpi $(B)/tests/cocotb-card $(B)/tests/hostile-card $(SYSTEM_C_TESTS)

.PHONY: all test test-unit test-system test-asan asan-run verify wave demo clean
all: $(ESPALIER) $(BINS)

# C is built with -Wall -Wextra -Werror: that it builds is its lint.
lint: $(ESPALIER) $(SIM_OBJS)

# The slow ones first: two cores are then busy to the end.
test: $(UNIT_TESTS) $(TEST_BINS)
	@$(MAKE) --no-print-directory $(ASAN) asan-build
	@$(RUN) --logs $(B)/test-logs $(SIM_TESTS) $(DPI_TESTS) $(COCOTB_TESTS) $(UNIT_TESTS) $(SOFTWARE_TESTS) $(call asan_tests,$(B)/asan)

test-unit: $(UNIT_TESTS)
	@$(RUN) --logs $(B)/test-logs $(UNIT_TESTS)

test-system: $(TEST_BINS)
	@$(RUN) --logs $(B)/test-logs $(SIM_TESTS) $(DPI_TESTS) $(COCOTB_TESTS) $(SOFTWARE_TESTS)

# The same with ten times the packets, another seed each run, the fuzzers, interoperation, the proofs, coverage, and the interrupt of every test after an hour.
verify: $(UNIT_TESTS) $(SPD_FULL) $(NETLIST_TEST) $(TEST_BINS) $(SIZE_SIMS) $(FUZZERS) $(INTEROP_BINS) $(GUEST_SYSTEMD) $(SPOOFED)
	@export ESPALIER_TEST_SCALE=10 ESPALIER_TEST_SEED=$${ESPALIER_TEST_SEED:-$$RANDOM}; echo "seed $$ESPALIER_TEST_SEED"; \
	  $(RUN) --timeout 3600 --logs $(B)/test-logs $(SIM_TESTS) $(DPI_TESTS) $(SIZE_TESTS) $(COCOTB_TESTS) $(UNIT_TESTS) $(SPD_FULL) $(NETLIST_TEST) $(SOFTWARE_TESTS) tests/fuzz/fuzz.py:$(B)/fuzz \
	  $(INTEROP_TESTS) $(GUEST_TESTS) ESPALIER_BUILD=$(B),$(STORM) ESPALIER_BUILD=$(B),$(STALL) ESPALIER_BUILD=$(B),$(RELOADS) $(SPOOFED)
	@$(MAKE) --no-print-directory formal
	@$(MAKE) --no-print-directory coverage

# ---- the host side under AddressSanitizer and UndefinedBehaviorSanitizer -------------------------------------------------
# Everything in C but the Verilated card, built again under $(B)/asan; the card it drives is the ordinary one.
ASAN = B=$(B)/asan SAN="-fsanitize=address,undefined -fno-sanitize-recover=all" OPT="-O1 -g"
HOST_UNIT_TESTS := $(filter-out %/sim_pcie,$(filter $(addprefix $(B)/tests/,host_% driver_% sim_% ike_% gw_% sink_% net_%),$(UNIT_TESTS)))
asan_tests = $(patsubst $(B)/%,$(1)/%,$(foreach t,$(HOST_UNIT_TESTS),ESPALIER_BUILD=$(1),$(patsubst $(B)/%,$(1)/%,$(t)))) \
  $(foreach t,$(SYSTEM_C_TESTS),ESPALIER_BUILD=$(1),ESPALIER_TEST_DEVICE=software,$(patsubst $(B)/%,$(1)/%,$(t))) \
  $(foreach t,$(SYSTEM_C_TESTS),ESPALIER_BUILD=$(1),ESPALIER_TEST_DEVICE=sim,ESPALIER_TEST_SAS=64,$(patsubst $(B)/%,$(1)/%,$(t))) \
  $(foreach t,test_gw.py:software test_gw_card.py test_gw_routes.py:software test_gw_clear.py:software test_random.py:software test_drops.py:software test_pci.py test_ike.py test_outputs.py,ESPALIER_BUILD=$(1),$(SYS)/$(t))

.PHONY: asan-build
asan-build: $(ESPALIER) $(IKE_PROGRAM) $(GW) $(B)/tests/hostile-card $(HOST_UNIT_TESTS) $(SYSTEM_C_TESTS)

test-asan: $(BINS)
	@$(MAKE) --no-print-directory $(ASAN) asan-build
	@$(RUN) --logs $(B)/test-logs $(call asan_tests,$(B)/asan)

# ---- one failing test with its waveform: make wave T=gcm_stream_4 --------------------------------------------------------
# T is a unit test, built again with waveforms under $(B)/traced, or a system test in C, which then runs on the simulated card.
WAVE = $(B)/wave/$(T).fst
TRACED = B=$(B)/traced TRACE=1
wave:
	@mkdir -p $(B)/wave
	@$(MAKE) --no-print-directory $(if $(filter $(B)/tests/$(T),$(SYSTEM_C_TESTS)),$(B)/tests/$(T) $(SIM_BIN)-trace,$(TRACED) $(B)/traced/tests/$(T))
	-ESPALIER_TRACE=$(WAVE) ESPALIER_TEST_DEVICE=sim ESPALIER_SIM=$(SIM_BIN)-trace ESPALIER_SIM_ARGS="--trace $(abspath $(WAVE))" \
	  $(firstword $(filter $(B)/tests/$(T),$(SYSTEM_C_TESTS)) $(B)/traced/tests/$(T))
	@ls -l $(WAVE)
	@if [ -n "$${DISPLAY:-}" ] && command -v gtkwave >/dev/null; then gtkwave $(WAVE); else echo "gtkwave $(WAVE)"; fi

# ---- real traffic through the card and back ------------------------------------------------------------------------------
demo: $(ESPALIER) $(BINS)
	@$(PYTHON) $(SYS)/demo.py

clean:
	rm -rf $(B)
