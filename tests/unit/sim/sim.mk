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
