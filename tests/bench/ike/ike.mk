# SPDX-License-Identifier: Apache-2.0
# Full handshakes a second beside strongSwan's, memory of an SA: `make ike-bench` prints a table and writes $(B)/bench/ike.json. Needs root.
.PHONY: ike-bench
ike-bench: $(ESPALIER) $(B)/bin/espalier-ike $(B)/bin/espalier-gw
	ESPALIER_BUILD=$(B) $(PYTHON) tests/bench/ike/handshakes.py --repeat 3 --memory 10000 --json $(B)/bench/ike.json
