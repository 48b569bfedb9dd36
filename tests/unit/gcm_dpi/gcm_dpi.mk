# SPDX-License-Identifier: Apache-2.0
# The AES-GCM engine in C, side by side with the RTL's at each number of lanes: the same beats in the same cycles.
define gcm_dpi_test
$(B)/obj/gcm_dpi_$(1)/%.o: tests/unit/gcm_dpi/%.c
	@mkdir -p $$(@D)
	$(CC) $(CFLAGS) -DLANES=$(1) -Itests/unit/gcm -Isim/dpi -isystem $(VERILATOR_ROOT)/include/vltstd -c -o $$@ $$<
$(call model,gcm_dpi_$(1),gcm_tb,$(DPI_SV) tests/unit/gcm_dpi/gcm_tb.sv,-GLANES=$(1))
$(B)/obj/gcm_dpi_$(1)/shim.o: tests/unit/gcm_dpi/gcm_dpi_shim.cpp tests/lib/shim.hpp $(B)/model/gcm_dpi_$(1)/libmodel.a
	@mkdir -p $$(@D)
	$(CXX) $(CXXFLAGS) -DVM_TRACE=1 -I$(B)/model/gcm_dpi_$(1) -isystem $(VERILATOR_ROOT)/include -isystem $(VERILATOR_ROOT)/include/vltstd -c -o $$@ $$<
$(B)/tests/gcm_dpi_$(1): $(B)/obj/gcm_dpi_$(1)/test_gcm_dpi.o $(B)/obj/gcm_$(1)/gcm_dut.o $(B)/obj/gcm_dpi_$(1)/shim.o $(DPI_OBJS) \
  $(B)/model/gcm_dpi_$(1)/libmodel.a
	@mkdir -p $$(@D)
	$(CXX) $(LDFLAGS) -o $$@ $$^ -lcmocka $(VERILATOR_LDLIBS)
UNIT_TESTS += $(B)/tests/gcm_dpi_$(1)
endef
$(foreach l,1 2 4,$(eval $(call gcm_dpi_test,$(l))))
# The plain C of processors without the instructions.
$(B)/tests/gcm_dpi_portable: $(B)/tests/gcm_dpi_4
	@printf '#!/bin/sh\nexec $(B)/tests/gcm_dpi_4 portable\n' >$@
	@chmod +x $@
UNIT_TESTS += $(B)/tests/gcm_dpi_portable
