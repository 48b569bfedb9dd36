# SPDX-License-Identifier: Apache-2.0
# What the driver itself costs: `make bench` prints tables and writes $(B)/bench/driver.json and driver.svg.
DRIVER_BENCH := $(B)/bench/bench_driver
DRIVER_BENCH_OBJS := $(patsubst %.c,$(B)/obj/%.o,$(wildcard tests/bench/driver/*.c))
$(DRIVER_BENCH): $(DRIVER_BENCH_OBJS) $(SOFTWARE_LIB) $(ESPALIER_LIB)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(ESPALIER_LIBS)

.PHONY: driver-bench
bench: driver-bench
driver-bench: $(DRIVER_BENCH) $(BINS)
	$(PYTHON) tests/bench/driver/driver_report.py $(B)/bench $(DRIVER_BENCH)
