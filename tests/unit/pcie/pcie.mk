# SPDX-License-Identifier: Apache-2.0
PCIE_TEST := tests/unit/pcie
$(eval $(call rtl_test,pcie_regs,pcie_regs,rtl/pcie/pcie_regs.sv,$(PCIE_TEST)/pcie_regs_shim.cpp,$(PCIE_TEST)/test_pcie_regs.c,,))
UNIT_TESTS += $(B)/tests/pcie_regs
$(eval $(call rtl_test,pcie_dma,pcie_dma,rtl/pcie/pcie_dma.sv,$(PCIE_TEST)/pcie_dma_shim.cpp,$(addprefix $(PCIE_TEST)/,test_pcie_dma.c bench.c root.c),-GTAGS=64 -GREADS=64 -GQUARANTINE_LOG2=11,))
UNIT_TESTS += $(B)/tests/pcie_dma
$(eval $(call rtl_test,pcie_cfg,pcie_cfg,rtl/pcie/pcie_cfg.sv,$(PCIE_TEST)/pcie_cfg_shim.cpp,$(PCIE_TEST)/test_pcie_cfg.c,,))
UNIT_TESTS += $(B)/tests/pcie_cfg
# The parts by themselves, in one model.
$(eval $(call rtl_test,pcie_cells,pcie_cells_tb,$(PCIE_TEST)/pcie_cells_tb.sv,$(PCIE_TEST)/pcie_cells_shim.cpp,$(addprefix $(PCIE_TEST)/,test_pcie_cells.c test_pcie_streams.c),,))
UNIT_TESTS += $(B)/tests/pcie_cells
$(B)/obj/$(PCIE_TEST)/test_pcie_function.o: CFLAGS += -DTEST_LIMIT=200
$(eval $(call rtl_test,pcie_function,pcie_function,rtl/pcie/pcie_function.sv,$(PCIE_TEST)/pcie_function_shim.cpp,$(PCIE_TEST)/test_pcie_function.c,-GLIMIT=200,))
UNIT_TESTS += $(B)/tests/pcie_function
