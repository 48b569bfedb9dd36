# SPDX-License-Identifier: Apache-2.0
# make netlist-test: the encapsulation engine with one lane as Yosys maps it for UltraScale+ (constraints/yosys/gates.py), in the place of its RTL,
# against the C test of the RTL. The models of LUTs, carry chains, flip-flops and shift registers come with Yosys. netlist.vlt and engine_encap.sv make of bits the ports that the bench and the watchers of streams know.
NETLIST_ENGINE := $(B)/netlist/engine_encap.v
NETLIST_CELLS = $(abspath $(firstword $(wildcard $(VENV)/lib/python3*/site-packages/pyosys/share/xilinx/cells_sim.v)))

$(NETLIST_ENGINE): $(filter %.sv,$(RTL_ALL)) $(addprefix constraints/yosys/,gates.py synth.py yosys.py merge.py)
	@mkdir -p $(@D)
	@echo "yosys: engine_encap as a netlist"
	@nice -n 10 $(VENV)/bin/python constraints/yosys/gates.py engine_encap $(@:.v=) LANES=1 SA_ENTRIES=4096 $(filter %.sv,$(RTL_ALL))

# What netlist.vlt cannot name: blocks for timing, initial values by <=, and vectors of which one bit depends on another.
NETLIST_WAIVERS := -Wno-SPECIFYIGN -Wno-INITIALDLY -Wno-UNOPTFLAT
$(eval $(call model,netlist,engine_tb,tests/netlist/netlist.vlt tests/bench/engine/engine_tb.sv tests/netlist/engine_encap.sv $(NETLIST_ENGINE),-GLANES=1 $(NETLIST_WAIVERS) -v $(NETLIST_CELLS)))
# Optimised less: what more would save in the run it would cost in the build.
$(B)/model/netlist/libmodel.a: VERILATED_MK += OPT_FAST=-O1
$(eval $(call shim,$(B)/obj/netlist/shim.o,tests/bench/engine/engine_shim.cpp,netlist))
NETLIST_TEST := $(B)/tests/netlist_encap_1
$(NETLIST_TEST): $(patsubst %.c,$(B)/obj/%.o,tests/unit/encap/test_encap.c tests/unit/encap/test_encap_fault.c tests/unit/encap/encap_dut.c tests/unit/encap/encap_oracle.c tests/lib/secrets.c) \
  $(B)/obj/netlist/shim.o $(B)/model/netlist/libmodel.a
	@mkdir -p $(@D)
	@echo '  LINK $@'
	$(CXX) $(LDFLAGS) -o $@ $^ -lcrypto -lcmocka $(VERILATOR_LDLIBS)

.PHONY: netlist-test
netlist-test: $(NETLIST_TEST)
	@$(RUN) --timeout 3600 --logs $(B)/test-logs $(NETLIST_TEST)
