# SPDX-License-Identifier: Apache-2.0
# The AES-GCM engine at each number of lanes: NIST CAVP, and streams against OpenSSL. Both tests share a model.
define gcm_test
$(B)/obj/gcm_$(1)/%.o: tests/unit/gcm/%.c
	@mkdir -p $$(@D)
	$(CC) $(CFLAGS) -DLANES=$(1) -c -o $$@ $$<
$(call model,gcm_$(1),gcm_tb,tests/unit/gcm/gcm_tb.sv,-GLANES=$(1))
$(B)/obj/gcm_$(1)/shim.o: tests/unit/gcm/gcm_shim.cpp tests/lib/shim.hpp $(B)/model/gcm_$(1)/libmodel.a
	@mkdir -p $$(@D)
	$(CXX) $(CXXFLAGS) -DVM_TRACE=1 -I$(B)/model/gcm_$(1) -isystem $(VERILATOR_ROOT)/include -isystem $(VERILATOR_ROOT)/include/vltstd -c -o $$@ $$<
$(B)/tests/gcm_%_$(1): $(B)/obj/gcm_$(1)/test_gcm_%.o $(B)/obj/gcm_$(1)/gcm_dut.o $(B)/obj/gcm_$(1)/shim.o $(B)/model/gcm_$(1)/libmodel.a
	@mkdir -p $$(@D)
	$(CXX) $(LDFLAGS) -o $$@ $$^ -lcrypto -lcmocka $(VERILATOR_LDLIBS)
UNIT_TESTS += $(B)/tests/gcm_cavp_$(1) $(B)/tests/gcm_stream_$(1)
endef
$(foreach l,1 2 4,$(eval $(call gcm_test,$(l))))
