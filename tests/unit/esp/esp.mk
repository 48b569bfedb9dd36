# SPDX-License-Identifier: Apache-2.0
# The parts of rtl/esp by themselves, in one model; the engines are tests/unit/encap, decap and replay.
$(eval $(call rtl_test,esp_cells,esp_cells_tb,tests/unit/esp/esp_cells_tb.sv,tests/unit/esp/esp_cells_shim.cpp,tests/unit/esp/test_esp_cells.c,,))
UNIT_TESTS += $(B)/tests/esp_cells
