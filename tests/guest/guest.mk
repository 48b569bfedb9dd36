# SPDX-License-Identifier: Apache-2.0
# make guest-peers: espalier-ike and espalier-gw against the kernel's own ESP, in a guest under QEMU: by hand, with strongSwan, with libreswan. Needs root.
GUEST := tests/guest
GUEST_FILES := $(B)/guest/vmlinuz $(B)/guest/initramfs
GUEST_TESTS := $(foreach t,charon kernel libreswan,$(GUEST)/test_guest_$(t).py:espalier)
# For CI: minutes less.
GUEST_SMALL := $(GUEST)/test_guest_kernel.py:espalier:States.test_raw_esp_with_esn $(GUEST)/test_guest_charon.py:espalier:Esp.test_raw_esp_with_esn

$(B)/guest/kernel/fetched: tests/lib/unpack_packages.sh
	tests/lib/unpack_packages.sh $(@D) +linux-image-cloud-amd64 busybox-static
	touch $@
$(B)/guest/vmlinuz: $(B)/guest/kernel/fetched
	cp $(@D)/kernel/boot/vmlinuz-* $@
$(B)/guest/initramfs: $(GUEST)/initramfs.py $(GUEST)/init tests/interop/charon.py $(B)/guest/kernel/fetched $(B)/libreswan/fetched
	$(PYTHON) $< $(@D)/kernel $(B)/libreswan $(GUEST)/init $@

.PHONY: guest guest-peers
guest: $(GUEST_FILES)
guest-peers: interop-root $(ESPALIER) $(IKE_PROGRAM) $(GW) $(GUEST_FILES)
	@ESPALIER_BUILD=$(B) $(RUN) --logs $(B)/test-logs $(GUEST_TESTS)
