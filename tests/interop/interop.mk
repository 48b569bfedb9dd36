# SPDX-License-Identifier: Apache-2.0
# make interop: espalier-ike and espalier-gw against stock strongSwan, and against each other, in network namespaces. Needs root.
# On the software reference, and what the data plane matters for also on the simulated card (with its cipher in C: the same cycles, sooner).
INTEROP := tests/interop
INTEROP_NAMES := liveness rekey messages certs algorithms nat selectors adversary traffic psk
INTEROP_SIM_NAMES := traffic rekey
INTEROP_SIM := ESPALIER_SIM=$(B)/bin/espalier-sim-dpi,ESPALIER_TEST_DEVICE=sim
INTEROP_TESTS := $(INTEROP_SIM),$(INTEROP)/test_pair.py:espalier $(INTEROP)/test_pair.py:espalier \
  $(INTEROP)/test_libreswan.py:espalier \
  $(foreach t,$(INTEROP_SIM_NAMES),$(INTEROP_SIM),$(INTEROP)/test_$(t).py:espalier) $(foreach t,$(INTEROP_NAMES),$(INTEROP)/test_$(t).py:espalier)
INTEROP_BINS = $(ESPALIER) $(B)/bin/espalier-ike $(B)/bin/espalier-gw $(LIBRESWAN) $(GUEST_FILES)

# libreswan, and the kernel that it believes in.
LIBRESWAN := $(B)/libreswan/fetched $(B)/tests/xfrm_kernel.so
$(B)/libreswan/fetched: tests/lib/unpack_packages.sh
	tests/lib/unpack_packages.sh $(@D) libreswan libnss3-tools libnss3 libnspr4 libldns3 libunbound8 libcurl3-nss libaudit1 libldap-2.5-0 \
	  libevent-core-2.1-7 libevent-pthreads-2.1-7 libcap-ng0 libselinux1 libpam0g
	touch $@
$(B)/tests/xfrm_kernel.so: $(INTEROP)/xfrm_kernel.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -fPIC $(filter-out -pie,$(LDFLAGS)) -shared -o $@ $<

.PHONY: interop interop-software interop-charon interop-root
interop-root:
	@[ "$$(id -u)" = 0 ] || { echo 'make interop needs root, for network namespaces'; exit 1; }

interop: interop-root $(INTEROP_BINS) $(B)/bin/espalier-sim-dpi
	@ESPALIER_BUILD=$(B) $(RUN) --logs $(B)/test-logs $(INTEROP_TESTS) $(GUEST_SMALL)

# Without a simulated card, which takes minutes to build.
interop-software: interop-root $(INTEROP_BINS)
	@ESPALIER_BUILD=$(B) $(RUN) --logs $(B)/test-logs $(filter-out $(INTEROP_SIM)%,$(INTEROP_TESTS)) $(GUEST_SMALL)

# The tests themselves on trial: strongSwan at both ends.
interop-charon: interop-root
	@$(RUN) --logs $(B)/test-logs $(foreach t,$(INTEROP_NAMES),$(INTEROP)/test_$(t).py:charon)
