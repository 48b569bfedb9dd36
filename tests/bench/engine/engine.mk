# SPDX-License-Identifier: Apache-2.0
# Engine throughput and latency in cycles: `make bench` prints a table and writes $(B)/bench/engine.json, engine.svg and latency.svg.
# One model a width holds both engines and their SA manager; the unit tests of encapsulation and decapsulation use it too.
# Where coverage is counted (make coverage) the cipher is the one in C, for the RTL's has a model of its own; with CIPHER_IN_C=1, too, which builds sooner.
CIPHER_IN_C ?= $(COVER)
ENGINE_CIPHER := $(if $(CIPHER_IN_C),$(DPI_SV) sim/dpi/gcm_engine.sv)
ENGINE_OBJS := $(if $(CIPHER_IN_C),$(DPI_OBJS))
define engine_model
$(call model,engine_$(1),engine_tb,$(ENGINE_CIPHER) tests/bench/engine/engine_tb.sv,-GLANES=$(1))
$(call shim,$(B)/obj/engine_$(1)/shim.o,tests/bench/engine/engine_shim.cpp,engine_$(1))
endef

# engine_program OUTPUT,LANES,C-FILES: a program that drives the model of that width.
define engine_program
$(1): $(3:%.c=$(B)/obj/%.o) $(B)/obj/engine_$(2)/shim.o $(ENGINE_OBJS) $(B)/model/engine_$(2)/libmodel.a
	@mkdir -p $$(@D)
	@echo '  LINK $$@'
	$(CXX) $(LDFLAGS) -o $$@ $$^ -lcrypto -lcmocka $(VERILATOR_LDLIBS)
endef

ENGINE_LANES := 4 2 1
ENGINE_BENCHES := $(ENGINE_LANES:%=$(B)/bench/engine_%)
$(B)/obj/tests/bench/engine/%.o: CFLAGS += -Itests/unit/encap
$(foreach l,$(ENGINE_LANES),$(eval $(call engine_model,$(l))))
$(foreach l,$(ENGINE_LANES),$(eval $(call engine_program,$(B)/bench/engine_$(l),$(l),\
  tests/bench/engine/bench_engine.c tests/bench/engine/duplex.c tests/unit/encap/encap_oracle.c)))

.PHONY: bench engine-bench
bench: engine-bench
engine-bench: $(ENGINE_BENCHES)
	$(PYTHON) tests/bench/engine/engine_report.py $(B)/bench $(ENGINE_BENCHES)
