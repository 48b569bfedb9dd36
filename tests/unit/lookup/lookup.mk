# SPDX-License-Identifier: Apache-2.0
# The lookup table full size, and small, where a pattern of SPIs is most likely to meet itself.
$(eval $(call rtl_test,lookup,lookup_tb,tests/unit/lookup/lookup_tb.sv,tests/unit/lookup/lookup_shim.cpp,tests/unit/lookup/test_lookup.c,,))
$(eval $(call rtl_test,lookup_64,lookup_tb,tests/unit/lookup/lookup_tb.sv,tests/unit/lookup/lookup_shim.cpp,tests/unit/lookup/test_lookup_64.c,-GSA_ENTRIES=64,))
UNIT_TESTS += $(B)/tests/lookup $(B)/tests/lookup_64
