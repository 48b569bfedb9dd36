# SPDX-License-Identifier: Apache-2.0
# Packets through the rings in cycles, with a block that holds 256 completions and with one that holds 128: `make bench` prints tables and writes
# $(B)/bench/rings.json and rings.svg (256), rings_128.json and rings_128.svg.
RINGS_OBJS := $(patsubst %.c,$(B)/obj/%.o,$(wildcard tests/bench/rings/*.c))
$(RINGS_OBJS): CFLAGS += -I. -Itests/system

# rings_bench COMPLETIONS,SUFFIX of the card's model
define rings_bench
$(B)/bench/bench_rings_$(1): $(RINGS_OBJS) $(B)/obj/tests/system/rings.o $(SIM_OBJS) $(B)/obj/sim/card_shim$(2).o $(B)/model/card$(2)/libmodel.a \
  $(SOFTWARE_LIB) $(ESPALIER_LIB)
	@mkdir -p $$(@D)
	$(CXX) $(LDFLAGS) -o $$@ $$^ $(ESPALIER_LIBS) -lcmocka $(VERILATOR_LDLIBS)
endef
$(eval $(call rings_bench,128,))
$(eval $(call rings_bench,256,-256))

.PHONY: rings-bench
bench: rings-bench
rings-bench: $(B)/bench/bench_rings_128 $(B)/bench/bench_rings_256
	$(PYTHON) tests/bench/rings/rings_report.py $(B)/bench rings_128 $(B)/bench/bench_rings_128 128
	$(PYTHON) tests/bench/rings/rings_report.py $(B)/bench rings $(B)/bench/bench_rings_256 256
