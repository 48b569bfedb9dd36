# SPDX-License-Identifier: Apache-2.0
# The agent's core: several agents in one process with a mock network, clock and data plane (world.h).
WORLD := $(addprefix tests/unit/ike_core/,world.c world_look.c world_esp.c mock_sink.c pair.c actions.c)
# ike_core_test NAME: tests/unit/ike_core/test_NAME.c as build/tests/ike_core_NAME.
ike_core_test = $(call c_test,ike_core_$(1),tests/unit/ike_core/test_$(1).c $(WORLD),$(IKE_LIBS),-lcrypto)
$(eval $(call ike_core_test,child))
$(eval $(call ike_core_test,rekey))
$(eval $(call ike_core_test,loss))
$(eval $(call ike_core_test,collisions))
$(eval $(call ike_core_test,random))
$(eval $(call ike_core_test,requests))
$(eval $(call ike_core_test,commands))
$(eval $(call ike_core_test,reload))
$(eval $(call ike_core_test,many_policies))
$(eval $(call ike_core_test,dpd))
$(eval $(call ike_core_test,hostile))
$(eval $(call ike_core_test,storm))
$(eval $(call ike_core_test,give_up))
$(eval $(call ike_core_test,quota))
# By itself, without a world.
$(eval $(call c_test,ike_core_ts,tests/unit/ike_core/test_ts.c,$(IKE_LIBS),-lcrypto))
