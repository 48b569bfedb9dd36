# SPDX-License-Identifier: Apache-2.0
# With parameters that are not the defaults, so that a register that ignores them is seen.
$(B)/obj/tests/unit/csr/test_csr.o: CFLAGS += -DTEST_LANES=2 -DTEST_SA_ENTRIES=512 -DTEST_QUEUES=3
$(eval $(call rtl_test,csr,csr,rtl/csr/csr.sv,tests/unit/csr/csr_shim.cpp,tests/unit/csr/test_csr.c,-GLANES=2 -GSA_ENTRIES=512 -GQUEUES=3,))
UNIT_TESTS += $(B)/tests/csr
