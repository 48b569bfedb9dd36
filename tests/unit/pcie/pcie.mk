# SPDX-License-Identifier: Apache-2.0
PCIE_TEST := tests/unit/pcie
$(eval $(call rtl_test,pcie_regs,pcie_regs,rtl/pcie/pcie_regs.sv,$(PCIE_TEST)/pcie_regs_shim.cpp,$(PCIE_TEST)/test_pcie_regs.c,,))
UNIT_TESTS += $(B)/tests/pcie_regs
