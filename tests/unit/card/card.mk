# SPDX-License-Identifier: Apache-2.0
# The whole card in the simulator's slot, in one process with the test, which sees all of its state. The model is that of espalier-sim.
CARD_TEST_OBJS := $(patsubst %.c,$(B)/obj/%.o,tests/unit/card/test_card_delete.c tests/unit/decap/decap_oracle.c tests/unit/replay/replay_model.c tests/lib/secrets.c)
$(B)/obj/tests/unit/card/%.o: CFLAGS += -Itests/unit/decap -Itests/unit/replay -Isim
$(eval $(call shim,$(B)/obj/card_delete/shim.o,tests/unit/card/card_state_shim.cpp,card,-Isim))
$(B)/tests/card_delete: $(CARD_TEST_OBJS) $(B)/obj/card_delete/shim.o $(SIM_OBJS) $(B)/model/card/libmodel.a
	@mkdir -p $(@D)
	@echo '  LINK $@'
	$(CXX) $(LDFLAGS) -o $@ $^ -lcrypto -lcmocka $(VERILATOR_LDLIBS)
UNIT_TESTS += $(B)/tests/card_delete
