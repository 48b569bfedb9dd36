# SPDX-License-Identifier: Apache-2.0
# make interop: espalier-ike and espalier-gw against stock strongSwan, and against each other, in network namespaces. Needs root.
# On the software reference, and what the data plane matters for also on the simulated card (with its cipher in C: the same cycles, sooner).
INTEROP := tests/interop
INTEROP_NAMES := liveness rekey messages certs algorithms nat selectors adversary traffic psk
INTEROP_SIM_NAMES := traffic rekey
INTEROP_TESTS := $(foreach t,$(INTEROP_SIM_NAMES),ESPALIER_TEST_DEVICE=sim,$(INTEROP)/test_$(t).py:espalier) $(INTEROP)/test_pair.py:espalier \
  ESPALIER_TEST_DEVICE=sim,$(INTEROP)/test_pair.py:espalier $(foreach t,$(INTEROP_NAMES),$(INTEROP)/test_$(t).py:espalier)
INTEROP_BINS = $(ESPALIER) $(B)/bin/espalier-ike $(B)/bin/espalier-gw

.PHONY: interop interop-software interop-charon
interop: $(INTEROP_BINS) $(B)/bin/espalier-sim-dpi
	@export ESPALIER_SIM=$(B)/bin/espalier-sim-dpi ESPALIER_BUILD=$(B); $(RUN) --logs $(B)/test-logs $(INTEROP_TESTS)

# Without a simulated card, which takes minutes to build.
interop-software: $(INTEROP_BINS)
	@ESPALIER_BUILD=$(B) $(RUN) --logs $(B)/test-logs $(filter-out ESPALIER_TEST_DEVICE=sim%,$(INTEROP_TESTS))

# The tests themselves on trial: strongSwan at both ends.
interop-charon:
	@$(RUN) --logs $(B)/test-logs $(foreach t,$(INTEROP_NAMES),$(INTEROP)/test_$(t).py:charon)
