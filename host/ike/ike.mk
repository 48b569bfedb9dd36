# SPDX-License-Identifier: Apache-2.0
# espalier-ike, the IKEv2 agent.
IKE_PROGRAM := $(B)/bin/espalier-ike
IKE_PROGRAM_LIBS := -ljansson -lcrypto -lcap-ng
$(IKE_PROGRAM): $(B)/obj/host/ike/main.o $(IKE_LIBS)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(IKE_PROGRAM_LIBS)
BINS += $(IKE_PROGRAM)
