# SPDX-License-Identifier: Apache-2.0
$(eval $(call rtl_test,lookup,lookup_tb,tests/unit/lookup/lookup_tb.sv,tests/unit/lookup/lookup_shim.cpp,tests/unit/lookup/test_lookup.c,,))
UNIT_TESTS += $(B)/tests/lookup
