# SPDX-License-Identifier: Apache-2.0
# The software reference: a backend of libespalier for the programs that register it.
SOFTWARE_LIB := $(B)/lib/libespalier-software.a
$(SOFTWARE_LIB): $(patsubst %.c,$(B)/obj/%.o,$(sort $(wildcard driver/software/*.c)))
	@mkdir -p $(@D)
	rm -f $@ && ar rcs $@ $^
