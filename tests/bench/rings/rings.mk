# SPDX-License-Identifier: Apache-2.0
# Packets through the rings in cycles: `make bench` prints a table and writes $(B)/bench/rings.json and rings.svg.
RINGS_BENCH := $(B)/bench/bench_rings
$(patsubst %.c,$(B)/obj/%.o,$(wildcard tests/bench/rings/*.c)): CFLAGS += -I. -Itests/system
$(RINGS_BENCH): $(patsubst %.c,$(B)/obj/%.o,$(wildcard tests/bench/rings/*.c)) $(B)/obj/tests/system/rings.o $(SIM_OBJS) $(B)/obj/sim/card_shim.o \
  $(B)/model/card/libmodel.a $(SOFTWARE_LIB) $(ESPALIER_LIB)
	@mkdir -p $(@D)
	$(CXX) $(LDFLAGS) -o $@ $^ $(ESPALIER_LIBS) -lcmocka $(VERILATOR_LDLIBS)

.PHONY: rings-bench
bench: rings-bench
rings-bench: $(RINGS_BENCH)
	$(PYTHON) tests/bench/rings/rings_report.py $(B)/bench $(RINGS_BENCH)
