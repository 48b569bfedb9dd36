# SPDX-License-Identifier: Apache-2.0
# The gateway's policies at scale: make gw-bench.
GW_BENCH := $(B)/bench/bench_policies
$(B)/obj/tests/bench/gw/%.o: CFLAGS += -Ihost
$(GW_BENCH): $(B)/obj/tests/bench/gw/bench_policies.o $(GW_LIBS)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(HOST_LIBS)

.PHONY: gw-bench
gw-bench: $(GW_BENCH)
	$(GW_BENCH)
