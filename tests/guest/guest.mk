# SPDX-License-Identifier: Apache-2.0
# make guest-peers: espalier-ike and espalier-gw against the kernel's own ESP, in a guest under QEMU: by hand, with strongSwan, with libreswan; and as units of a
# guest's systemd. Needs root.
GUEST := tests/guest
GUEST_FILES := $(B)/guest/vmlinuz $(B)/guest/initramfs
GUEST_SYSTEMD := $(B)/guest/initramfs-systemd
GUEST_TESTS := $(foreach t,charon kernel libreswan systemd,$(GUEST)/test_guest_$(t).py:espalier)
# For CI: minutes less.
GUEST_SMALL := $(GUEST)/test_guest_kernel.py:espalier:States.test_raw_esp_with_esn $(GUEST)/test_guest_charon.py:espalier:Esp.test_raw_esp_with_esn

$(B)/guest/kernel/fetched: tests/lib/unpack_packages.sh
	tests/lib/unpack_packages.sh $(@D) +linux-image-cloud-amd64 busybox-static
	touch $@
$(B)/guest/vmlinuz: $(B)/guest/kernel/fetched
	cp $(@D)/kernel/boot/vmlinuz-* $@
$(B)/guest/initramfs: $(addprefix $(GUEST)/,initramfs.py init control) tests/interop/charon.py $(B)/guest/kernel/fetched $(B)/libreswan/fetched
	$(PYTHON) $< $(@D)/kernel $(B)/libreswan $@
$(GUEST_SYSTEMD): $(addprefix $(GUEST)/,systemd_image.py initramfs.py init control) $(wildcard host/systemd/*) $(B)/guest/kernel/fetched \
  $(ESPALIER) $(IKE_PROGRAM) $(GW) $(B)/bin/espalier-sim-dpi
	$(PYTHON) $< $(@D)/kernel $(B)/bin $@

.PHONY: guest guest-peers
guest: $(GUEST_FILES) $(GUEST_SYSTEMD)
guest-peers: interop-root $(ESPALIER) $(IKE_PROGRAM) $(GW) guest
	@ESPALIER_BUILD=$(B) $(RUN) --timeout 3600 --logs $(B)/test-logs $(GUEST_TESTS)
