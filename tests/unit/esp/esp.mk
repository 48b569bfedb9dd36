# SPDX-License-Identifier: Apache-2.0
# The parts of rtl/esp by themselves, in one model; the engines are tests/unit/encap, decap and replay.
$(eval $(call rtl_test,esp_cells,esp_cells_tb,tests/unit/esp/esp_cells_tb.sv,tests/unit/esp/esp_cells_shim.cpp,tests/unit/esp/test_esp_cells.c,,))
UNIT_TESTS += $(B)/tests/esp_cells

# The larger parts, in one model at the widest and one at the narrowest data path, and a program for each direction.
define esp_parts_test
$(call model,esp_parts_$(1),esp_parts_tb,tests/unit/esp/esp_parts_tb.sv,-GLANES=$(1))
$(call shim,$(B)/obj/esp_parts_$(1)/shim.o,tests/unit/esp/esp_parts_shim.cpp,esp_parts_$(1))
$(B)/tests/encap_parts_$(1) $(B)/tests/decap_parts_$(1): $(B)/tests/%_parts_$(1): $(B)/obj/tests/unit/esp/test_%_parts.o $(B)/obj/esp_parts_$(1)/shim.o $(B)/model/esp_parts_$(1)/libmodel.a
	@mkdir -p $$(@D)
	@echo '  LINK $$@'
	$(CXX) $(LDFLAGS) -o $$@ $$^ -lcmocka $(VERILATOR_LDLIBS)
UNIT_TESTS += $(B)/tests/encap_parts_$(1) $(B)/tests/decap_parts_$(1)
endef
$(foreach l,4 1,$(eval $(call esp_parts_test,$(l))))
