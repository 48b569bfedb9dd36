# SPDX-License-Identifier: Apache-2.0
# Full handshakes a second beside strongSwan's, memory of an SA: prints tables and writes $(B)/bench/ike.json and ike.svg. Needs root and strongSwan.
# `make bench` has a short form; `make ike-bench` runs longer, and with SCALE SAs for the memory of one. `make ike-storm`: thousands of initiators at once,
# a part of `make verify`.
SCALE ?= 10000
IKE_BENCH = ESPALIER_BUILD=$(B) $(PYTHON) tests/bench/ike/handshakes.py $(B)/bench
IKE_BENCH_BINS = $(ESPALIER) $(B)/bin/espalier-ike $(B)/bin/espalier-gw

STORM := tests/bench/ike/storm.py

.PHONY: ike-bench ike-bench-short ike-storm
bench: ike-bench-short
ike-bench: $(IKE_BENCH_BINS)
	$(IKE_BENCH) --repeat 3 --count 2000 --memory $(SCALE)
ike-bench-short: $(IKE_BENCH_BINS)
	@if [ "$$(id -u)" = 0 ] && [ -x /usr/lib/ipsec/charon ]; then $(IKE_BENCH) --repeat 2 --count 500; \
	else echo "Handshakes beside strongSwan's are left out: they want root and strongSwan's charon."; fi
ike-storm: $(IKE_BENCH_BINS)
	ESPALIER_BUILD=$(B) $(PYTHON) $(STORM) --counts 900,1500,3000,10000

# What a stranger's datagram costs, by configuration.
SPOOFED := $(B)/tests/bench_ike_spoofed
$(B)/obj/tests/bench/ike/spoofed.o: CFLAGS += -Ihost -Ihost/ike -Itests/unit/ike_core
$(SPOOFED): $(addprefix $(B)/obj/tests/,bench/ike/spoofed.o unit/ike_core/mock_sink.o) $(IKE_LIBS)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -lcrypto -lcmocka
.PHONY: ike-spoofed
ike-spoofed: $(SPOOFED)
	$(SPOOFED)

# Timings want the machine to themselves.
ifneq ($(filter bench,$(MAKECMDGOALS)),)
ike-bench-short: | software-bench
endif
