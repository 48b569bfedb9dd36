# SPDX-License-Identifier: Apache-2.0
# The encapsulation engine with its SA manager, at each width.
define encap_test
$(eval $(call rtl_test,encap_$(1),engine_tb,tests/bench/engine/engine_tb.sv,tests/bench/engine/engine_shim.cpp,tests/unit/encap/test_encap.c tests/unit/encap/encap_dut.c tests/unit/encap/encap_oracle.c,-GLANES=$(1),-lcrypto))
UNIT_TESTS += $(B)/tests/encap_$(1)
endef
$(foreach l,4 2 1,$(eval $(call encap_test,$(l))))
