# SPDX-License-Identifier: Apache-2.0
# The simulator's speed under load: `make sim-bench` prints a table and writes $(B)/bench/sim.json. SIM_BENCH_SECONDS: CPU time of a load.
SIM_BENCH_SECONDS ?= 3
SIM_BENCH_SIMS := $(B)/bin/espalier-sim $(B)/bin/espalier-sim-dpi

$(B)/obj/tests/bench/sim/bench_sim.o: CFLAGS += -Itests/system
$(B)/bench/bench_sim: $(B)/obj/tests/bench/sim/bench_sim.o $(B)/obj/tests/system/rings.o $(SOFTWARE_LIB) $(ESPALIER_LIB)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(ESPALIER_LIBS) -lcmocka

.PHONY: bench sim-bench
bench: sim-bench
sim-bench: $(B)/bench/bench_sim $(SIM_BENCH_SIMS)
	$(PYTHON) tests/bench/sim/sim_report.py $(B)/bench $(B)/bench/bench_sim $(SIM_BENCH_SECONDS) $(SIM_BENCH_SIMS)
