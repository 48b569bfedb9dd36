# SPDX-License-Identifier: Apache-2.0
# libespalier: the device driver on a mock card, both transports, discovery, and the process of a simulated card.
define driver_test
$(B)/tests/driver_$(1): $(B)/obj/tests/unit/driver/test_$(1).o $(2:%.c=$(B)/obj/tests/unit/driver/%.o) $(ESPALIER_LIB)
	@mkdir -p $$(@D)
	$(CC) $(LDFLAGS) -o $$@ $$^ $(ESPALIER_LIBS) -lpthread -lcmocka
UNIT_TESTS += $(B)/tests/driver_$(1)
endef
$(eval $(call driver_test,card,mock_card.c))
$(eval $(call driver_test,sa_config,mock_card.c))
$(eval $(call driver_test,vfio_user,))
$(eval $(call driver_test,vfio,))
$(eval $(call driver_test,discover,))
