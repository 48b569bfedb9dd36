# SPDX-License-Identifier: Apache-2.0
# Width adapters at each narrow width.
define axis_width_test
$(B)/obj/axis_width_$(1)/test.o: tests/unit/lib/test_axis_width.c
	@mkdir -p $$(@D)
	$(CC) $(CFLAGS) -DTEST_W=$(1) -c -o $$@ $$<
$$(eval $$(call rtl_test,axis_width_$(1),axis_width_tb,tests/unit/lib/axis_width_tb.sv,tests/unit/lib/axis_width_shim.cpp,,-GW=$(1),))
$(B)/tests/axis_width_$(1): $(B)/obj/axis_width_$(1)/test.o
UNIT_TESTS += $(B)/tests/axis_width_$(1)
endef
$(foreach w,128 256 512,$(eval $(call axis_width_test,$(w))))

# The other cells, in one model.
$(eval $(call rtl_test,lib_cells,lib_cells_tb,tests/unit/lib/lib_cells_tb.sv,tests/unit/lib/lib_cells_shim.cpp,tests/unit/lib/test_lib_cells.c,,))
UNIT_TESTS += $(B)/tests/lib_cells
