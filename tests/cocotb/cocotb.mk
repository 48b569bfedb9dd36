# SPDX-License-Identifier: Apache-2.0
# The card at the pins of cocotbext-pcie's model of the hard block: $(B)/tests/cocotb-card is the simulator, test_cocotb.py runs it.
COCOTB := tests/cocotb
COCOTB_PACKAGE := $(firstword $(wildcard $(VENV)/lib/python3*/site-packages/cocotb))
COCOTB_MAIN := $(COCOTB_PACKAGE)/share/lib/verilator/verilator.cpp

$(eval $(call model,cocotb,top,$(COCOTB)/top.sv,--vpi --timescale 1ns/1ps))
$(B)/obj/cocotb/main.o: $(COCOTB_MAIN) $(B)/model/cocotb/libmodel.a
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS) -w -DVM_TRACE=0 -DVM_COVERAGE=0 -I$(B)/model/cocotb -isystem $(VERILATOR_ROOT)/include -isystem $(VERILATOR_ROOT)/include/vltstd -c -o $@ $<
$(B)/tests/cocotb-card: $(B)/obj/cocotb/main.o $(B)/model/cocotb/libmodel.a $(B)/model/runtime/verilated_vpi.o
	@mkdir -p $(@D)
	@echo '  LINK $@'
	$(CXX) $(LDFLAGS) -o $@ $^ -L$(COCOTB_PACKAGE)/libs -Wl,-rpath,$(abspath $(COCOTB_PACKAGE)/libs) -lcocotbvpi_verilator $(VERILATOR_LDLIBS)
