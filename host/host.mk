# SPDX-License-Identifier: Apache-2.0
# The command espalier, and what tests share of it: the software reference and the parsers.
HOST_LIB := $(B)/lib/libespalier-host.a
HOST_LIBS := -lpcap -ljansson
ESPALIER := $(B)/bin/espalier
$(B)/obj/host/%.o: CFLAGS += -Ihost
$(HOST_LIB): $(patsubst %.c,$(B)/obj/%.o,$(filter-out host/main.c,$(sort $(wildcard host/*.c host/software/*.c))))
	@mkdir -p $(@D)
	rm -f $@ && ar rcs $@ $^
$(ESPALIER): $(B)/obj/host/main.o $(HOST_LIB) $(ESPALIER_LIB)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(HOST_LIBS) $(ESPALIER_LIBS)

# ---- key management and gateway: espalier-ike, espalier-gw -----------------------------------------------------------------
# One library a part; host/ike/*/ and host/gw/ are the parts, their main.c the programs.
$(B)/obj/host/ike/%.o: CFLAGS += -Ihost/ike
define host_lib
$(B)/lib/lib$(1).a: $(patsubst %.c,$(B)/obj/%.o,$(2))
	@mkdir -p $$(@D)
	rm -f $$@ && ar rcs $$@ $$^
endef
NET_LIB := $(B)/lib/libnet.a
SINK_LIB := $(B)/lib/libsink.a
IKE_LIB := $(B)/lib/libike.a
GW_LIB := $(B)/lib/libgw.a
$(eval $(call host_lib,net,$(sort $(wildcard host/net/*.c))))
$(eval $(call host_lib,sink,$(sort $(wildcard host/sink/*.c))))
$(eval $(call host_lib,ike,$(sort $(wildcard host/ike/*/*.c))))
$(eval $(call host_lib,gw,$(sort $(filter-out host/gw/main.c,$(wildcard host/gw/*.c)))))
$(ESPALIER): $(IKE_LIB) # espalier ike
IKE_LIBS := $(IKE_LIB) $(SINK_LIB) $(NET_LIB)
GW_LIBS := $(GW_LIB) $(SINK_LIB) $(NET_LIB) $(HOST_LIB) $(ESPALIER_LIB)

# c_test NAME,C-FILES,ARCHIVES,LIBS: a cmocka program of the host side, build/tests/NAME; names that begin with ike_, gw_, sink_ or net_
# also run under the sanitizers.
$(B)/obj/tests/unit/%.o: CFLAGS += -Ihost -Ihost/ike
define c_test
$(B)/tests/$(1): $(patsubst %.c,$(B)/obj/%.o,$(2)) $(3)
	@mkdir -p $$(@D)
	$(CC) $(LDFLAGS) -o $$@ $$^ $(4) -lcmocka
UNIT_TESTS += $(B)/tests/$(1)
endef
