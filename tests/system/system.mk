# SPDX-License-Identifier: Apache-2.0
# Tests through libespalier's API: one program each, for any device ($ESPALIER_TEST_DEVICE).
define system_test
$(B)/tests/$(1): $(B)/obj/tests/system/test_$(1).o $(B)/obj/tests/system/rings.o $$(SOFTWARE_LIB) $$(ESPALIER_LIB)
	@mkdir -p $$(@D)
	$(CC) $(LDFLAGS) -o $$@ $$^ $$(ESPALIER_LIBS) -lcmocka
SYSTEM_C_TESTS += $(B)/tests/$(1)
endef
$(foreach t,rings sas,$(eval $(call system_test,$(t))))

# A card that hangs and lies, in the simulator's place: tests/lib/hostile_card.h.
HOSTILE_OBJS := $(patsubst %,$(B)/obj/%.o,tests/lib/hostile_card sim/vfio_user sim/vfio_user_requests sim/host_memory sim/config_space sim/sim sim/options sim/faults host/file/socket_path)
$(B)/tests/hostile-card: $(B)/obj/tests/lib/hostile_main.o $(HOSTILE_OBJS) $(SOFTWARE_LIB) $(ESPALIER_LIB)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(ESPALIER_LIBS)
