# SPDX-License-Identifier: Apache-2.0
# The AES-GCM engine at each number of lanes, in RTL and in C side by side (the same beats in the same cycles): NIST CAVP, streams against OpenSSL,
# and what only the two of them share: gaps, resets, keys written and wiped under traffic. One model a number of lanes.
define gcm_test
$(B)/obj/gcm_$(1)/%.o: tests/unit/gcm/%.c
	@mkdir -p $$(@D)
	$(CC) $(CFLAGS) -DLANES=$(1) -Isim/dpi -isystem $(VERILATOR_ROOT)/include/vltstd -c -o $$@ $$<
$(call model,gcm_$(1),gcm_tb,$(DPI_SV) tests/unit/gcm/gcm_tb.sv,-GLANES=$(1))
$(call shim,$(B)/obj/gcm_$(1)/shim.o,tests/unit/gcm/gcm_shim.cpp,gcm_$(1))
$(B)/tests/gcm_%_$(1): $(B)/obj/gcm_$(1)/test_gcm_%.o $(B)/obj/gcm_$(1)/gcm_dut.o $(B)/obj/tests/lib/secrets.o $(B)/obj/gcm_$(1)/shim.o $(DPI_OBJS) $(B)/model/gcm_$(1)/libmodel.a
	@mkdir -p $$(@D)
	$(CXX) $(LDFLAGS) -o $$@ $$^ -lcrypto -lcmocka $(VERILATOR_LDLIBS)
UNIT_TESTS += $(B)/tests/gcm_cavp_$(1) $(B)/tests/gcm_stream_$(1) $(B)/tests/gcm_dpi_$(1)
endef
$(foreach l,1 2 4,$(eval $(call gcm_test,$(l))))
# The plain C of processors without the instructions.
$(B)/tests/gcm_dpi_portable: $(B)/tests/gcm_dpi_4
	@printf '#!/bin/sh\nexec $(B)/tests/gcm_dpi_4 portable\n' >$@
	@chmod +x $@
UNIT_TESTS += $(B)/tests/gcm_dpi_portable

# The parts by themselves, in one model.
$(eval $(call rtl_test,gcm_cells,gcm_cells_tb,tests/unit/gcm/gcm_cells_tb.sv,tests/unit/gcm/gcm_cells_shim.cpp,tests/unit/gcm/test_gcm_cells.c,,))
UNIT_TESTS += $(B)/tests/gcm_cells
