# SPDX-License-Identifier: Apache-2.0
# The card against software: `make bench` prints tables and writes $(B)/bench/software.json and software.svg.
# ipsec-mb is the bench's alone: nothing else is built or linked with it.
SOFTWARE_BENCH := $(B)/bench/bench_software
SOFTWARE_BENCH_OBJS := $(patsubst %.c,$(B)/obj/%.o,$(wildcard tests/bench/software/*.c))
$(SOFTWARE_BENCH): $(SOFTWARE_BENCH_OBJS) $(SOFTWARE_LIB) $(ESPALIER_LIB)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(ESPALIER_LIBS) -lIPSec_MB -lpthread

.PHONY: software-bench
bench: software-bench
software-bench: $(SOFTWARE_BENCH) $(BINS)
	$(PYTHON) tests/bench/software/software_report.py $(B)/bench $(SOFTWARE_BENCH)

# Timings want the machine to themselves, and this report takes figures of engine.json: in `make bench` these come last and by turns.
ifneq ($(filter bench,$(MAKECMDGOALS)),)
driver-bench: | engine-bench rings-bench sim-bench
software-bench: | driver-bench
endif
