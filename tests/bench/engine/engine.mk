# SPDX-License-Identifier: Apache-2.0
# Engine throughput in cycles: `make bench` prints a table and writes $(B)/bench/engine.json and engine.svg.
# The models of encapsulation are those of its unit tests.
define decap_model
$(call model,decap_bench_$(1),engine_tb,tests/bench/engine/engine_tb.sv,-GLANES=$(1) -GDECAP=1)
$(B)/obj/decap_bench_$(1)/shim.o: tests/bench/engine/engine_shim.cpp tests/lib/shim.hpp $(B)/model/decap_bench_$(1)/libmodel.a
	@mkdir -p $$(@D)
	$(CXX) $(CXXFLAGS) -DVM_TRACE=1 -I$(B)/model/decap_bench_$(1) -isystem $(VERILATOR_ROOT)/include -isystem $(VERILATOR_ROOT)/include/vltstd -c -o $$@ $$<
endef

# engine_bench DIRECTION,LANES,MODEL
define engine_bench
$(B)/bench/engine_$(1)_$(2): $(B)/obj/tests/bench/engine/bench_engine.o $(B)/obj/tests/unit/encap/encap_dut.o $(B)/obj/tests/unit/encap/encap_oracle.o \
  $(B)/obj/$(3)/shim.o $(B)/model/$(3)/libmodel.a
	@mkdir -p $$(@D)
	$(CXX) $(LDFLAGS) -o $$@ $$^ -lcrypto -lcmocka $(VERILATOR_LDLIBS)
ENGINE_BENCHES += $(B)/bench/engine_$(1)_$(2)
endef

$(B)/obj/tests/bench/engine/bench_engine.o: CFLAGS += -Itests/unit/encap
$(foreach l,4 2 1,$(eval $(call decap_model,$(l))))
$(foreach l,4 2 1,$(eval $(call engine_bench,encap,$(l),encap_$(l))))
$(foreach l,4 2 1,$(eval $(call engine_bench,decap,$(l),decap_bench_$(l))))

.PHONY: bench engine-bench
bench: engine-bench
engine-bench: $(ENGINE_BENCHES)
	$(PYTHON) tests/bench/engine/engine_report.py $(B)/bench $(ENGINE_BENCHES)
