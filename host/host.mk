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
