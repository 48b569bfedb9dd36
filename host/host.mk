# SPDX-License-Identifier: Apache-2.0
# What people run: the command espalier, the agent espalier-ike, the gateway espalier-gw.
# One library a part; host/cmd/, host/ike/*/ and host/gw/ are the parts, their main.c the programs.
$(B)/obj/host/%.o: CFLAGS += -Ihost
$(B)/obj/host/ike/%.o: CFLAGS += -Ihost/ike
define host_lib
$(B)/lib/lib$(1).a: $(patsubst %.c,$(B)/obj/%.o,$(2))
	@mkdir -p $$(@D)
	rm -f $$@ && ar rcs $$@ $$^
endef
CMD_LIB := $(B)/lib/libcmd.a
FILE_LIB := $(B)/lib/libfile.a
PROCESS_LIB := $(B)/lib/libprocess.a
NET_LIB := $(B)/lib/libnet.a
SINK_LIB := $(B)/lib/libsink.a
IKE_LIB := $(B)/lib/libike.a
GW_LIB := $(B)/lib/libgw.a
$(eval $(call host_lib,cmd,$(sort $(filter-out host/cmd/main.c,$(wildcard host/cmd/*.c)))))
$(eval $(call host_lib,file,$(sort $(wildcard host/file/*.c))))
$(eval $(call host_lib,process,$(sort $(wildcard host/process/*.c))))
$(eval $(call host_lib,net,$(sort $(wildcard host/net/*.c))))
$(eval $(call host_lib,sink,$(sort $(wildcard host/sink/*.c))))
$(eval $(call host_lib,ike,$(sort $(wildcard host/ike/*/*.c))))
$(eval $(call host_lib,gw,$(sort $(filter-out host/gw/main.c,$(wildcard host/gw/*.c)))))
IKE_LIBS := $(IKE_LIB) $(SINK_LIB) $(NET_LIB) $(FILE_LIB) $(PROCESS_LIB)
GW_LIBS := $(GW_LIB) $(SINK_LIB) $(NET_LIB) $(FILE_LIB) $(PROCESS_LIB) $(SOFTWARE_LIB) $(ESPALIER_LIB)
HOST_LIBS := -ljansson $(ESPALIER_LIBS)

# c_test NAME,C-FILES,ARCHIVES,LIBS: a cmocka program of the host side, build/tests/NAME; names that begin with ike_, gw_, sink_ or net_
# also run under the sanitizers.
$(B)/obj/tests/unit/%.o: CFLAGS += -Ihost -Ihost/ike
define c_test
$(B)/tests/$(1): $(patsubst %.c,$(B)/obj/%.o,$(2)) $(3)
	@mkdir -p $$(@D)
	$(CC) $(LDFLAGS) -o $$@ $$^ $(4) -lcmocka
UNIT_TESTS += $(B)/tests/$(1)
endef
