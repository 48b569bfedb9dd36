# SPDX-License-Identifier: Apache-2.0
# The gateway.
GW := $(B)/bin/espalier-gw
$(GW): $(B)/obj/host/gw/main.o $(GW_LIBS)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(HOST_LIBS) -lnftables -lcap-ng
BINS += $(GW)
