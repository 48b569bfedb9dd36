# SPDX-License-Identifier: Apache-2.0
# Tests through libespalier's API: one program each, for any device ($ESPALIER_TEST_DEVICE).
define system_test
$(B)/tests/$(1): $(B)/obj/tests/system/test_$(1).o $(B)/obj/tests/system/rings.o $$(SOFTWARE_LIB) $$(ESPALIER_LIB)
	@mkdir -p $$(@D)
	$(CC) $(LDFLAGS) -o $$@ $$^ $$(ESPALIER_LIBS) -lcmocka
SYSTEM_C_TESTS += $(B)/tests/$(1)
endef
$(foreach t,rings sas,$(eval $(call system_test,$(t))))
