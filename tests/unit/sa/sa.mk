# SPDX-License-Identifier: Apache-2.0
# The SA manager with its key schedule.
$(eval $(call rtl_test,sa,sa_tb,tests/unit/sa/sa_tb.sv,tests/unit/sa/sa_shim.cpp,tests/unit/sa/test_sa.c,,-lcrypto))
UNIT_TESTS += $(B)/tests/sa
