# SPDX-License-Identifier: Apache-2.0
# The gateway's policies at scale: make gw-bench. Parts of `make verify`: what takes long beside its packets and the agent's answers: make gw-stall; nothing in clear
# while configurations follow each other at random: make gw-reloads.
GW_BENCH := $(B)/bench/bench_policies
$(B)/obj/tests/bench/gw/%.o: CFLAGS += -Ihost
$(GW_BENCH): $(B)/obj/tests/bench/gw/bench_policies.o $(GW_LIBS)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(HOST_LIBS)

.PHONY: gw-bench
gw-bench: $(GW_BENCH)
	$(GW_BENCH)

STALL := tests/bench/gw/stall.py
.PHONY: gw-stall
gw-stall: $(BINS) $(ESPALIER)
	ESPALIER_BUILD=$(B) $(PYTHON) $(STALL) --sas 10000

RELOADS := tests/bench/gw/reloads.py
.PHONY: gw-reloads
gw-reloads: $(BINS) $(ESPALIER)
	ESPALIER_BUILD=$(B) $(PYTHON) $(RELOADS)

# What the compiler's hardening costs, agents and gateways: the same sources built without it, under $(B)/plain, and with it, in turn.
.PHONY: hardening-bench
HARDENING_BINS = $(ESPALIER) $(IKE_PROGRAM) $(GW)
hardening-bench: $(HARDENING_BINS)
	@$(MAKE) --no-print-directory B=$(B)/plain HARDEN= $(patsubst $(B)/%,$(B)/plain/%,$(HARDENING_BINS))
	$(PYTHON) tests/bench/gw/hardening.py $(B)/plain $(B)
