# SPDX-License-Identifier: Apache-2.0
# The command espalier; of the agent it links what speaks to the control socket.
ESPALIER := $(B)/bin/espalier
CMD_LIBS := -lpcap $(HOST_LIBS)
$(ESPALIER): $(B)/obj/host/cmd/main.o $(CMD_LIB) $(SOFTWARE_LIB) $(ESPALIER_LIB) $(IKE_LIBS)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(CMD_LIBS)
