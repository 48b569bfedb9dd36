# SPDX-License-Identifier: Apache-2.0
# Full handshakes a second beside strongSwan's, memory of an SA: `make ike-bench` prints a table and writes $(B)/bench/ike.json. Needs root.
.PHONY: ike-bench
ike-bench: $(ESPALIER) $(B)/bin/espalier-ike $(B)/bin/espalier-gw
	ESPALIER_BUILD=$(B) $(PYTHON) tests/bench/ike/handshakes.py --repeat 3 --memory 10000 --json $(B)/bench/ike.json

# What the cryptography of a handshake costs, beside libcrypto alone.
.PHONY: ike-crypto-bench
$(B)/obj/tests/bench/ike/%.o: CFLAGS += -Ihost -Ihost/ike
$(B)/bench/ike_crypto: $(B)/obj/tests/bench/ike/bench_crypto.o $(IKE_LIBS)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -lcrypto
ike-crypto-bench: $(B)/bench/ike_crypto
	$<
