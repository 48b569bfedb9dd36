# SPDX-License-Identifier: Apache-2.0
# The policy classifier, of 64 rules and, in make verify, of 256.
SPD_C := $(addprefix tests/unit/spd/,test_spd.c spd_faults.c spd_dut.c spd_rules.c) driver/software/spd.c tests/lib/secrets.c
SPD_SV := tests/unit/spd/spd_tb.sv tests/unit/spd/spd.vlt
$(eval $(call rtl_test,spd,spd_tb,$(SPD_SV),tests/unit/spd/spd_shim.cpp,$(SPD_C),,))
$(eval $(call rtl_test,spd_64,spd_tb,$(SPD_SV),tests/unit/spd/spd_shim.cpp,$(SPD_C),-GRULES=64,))
UNIT_TESTS += $(B)/tests/spd_64
SPD_FULL := $(B)/tests/spd
