# SPDX-License-Identifier: Apache-2.0
$(eval $(call rtl_test,dma,dma_tb,tests/unit/dma/dma_tb.sv,tests/unit/dma/dma_shim.cpp,tests/unit/dma/dma_bench.c tests/unit/dma/dma_host.c tests/unit/dma/test_dma.c tests/unit/dma/test_dma_queue.c tests/unit/dma/test_dma_faults.c,,))
UNIT_TESTS += $(B)/tests/dma
# The parts by themselves, in one model.
$(eval $(call rtl_test,dma_cells,dma_cells_tb,tests/unit/dma/dma_cells_tb.sv,tests/unit/dma/dma_cells_shim.cpp,tests/unit/dma/test_dma_cells.c,,))
UNIT_TESTS += $(B)/tests/dma_cells
