# SPDX-License-Identifier: Apache-2.0
# Tests of the simulator without RTL: the parts by themselves, and the whole around a card in C.
define sim_test
$(B)/tests/$(1): $(B)/obj/tests/unit/sim/test_$(1).o $(B)/obj/tests/unit/sim/fake_card.o $$(SIM_OBJS)
	@mkdir -p $$(@D)
	$(CC) $(LDFLAGS) -o $$@ $$^ -lcmocka
UNIT_TESTS += $(B)/tests/$(1)
endef
$(foreach t,sim_parts sim_device sim_vfio_user,$(eval $(call sim_test,$(t))))

$(B)/tests/espalier-sim-fake: $(B)/obj/sim/main.o $(B)/obj/tests/unit/sim/fake_card.o $(SIM_OBJS)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^
# The process as a client sees it; tests/system runs the same on the real card.
$(B)/tests/sim_process: tests/system/test_sim_process.py $(B)/tests/espalier-sim-fake
	@printf '#!/bin/sh\nexec $(PYTHON) %s --sim $(B)/tests/espalier-sim-fake\n' $< >$@
	@chmod +x $@
UNIT_TESTS += $(B)/tests/sim_process

# rtl/pcie in front of the simulator.
$(eval $(call model,sim_pcie,card,tests/unit/sim/copy_card/card.sv,))
$(eval $(call shim,$(B)/obj/sim_pcie/card_shim.o,sim/card_shim.cpp,sim_pcie,-Isim))
$(B)/tests/sim_pcie: $(B)/obj/tests/unit/sim/test_sim_pcie.o $(B)/obj/sim_pcie/card_shim.o $(SIM_OBJS) $(B)/model/sim_pcie/libmodel.a
	@mkdir -p $(@D)
	$(CXX) $(LDFLAGS) -o $@ $^ -lcmocka $(VERILATOR_LDLIBS)
UNIT_TESTS += $(B)/tests/sim_pcie
