# SPDX-License-Identifier: Apache-2.0
# libespalier: the driver.
ESPALIER_LIB := $(B)/lib/libespalier.a
ESPALIER_LIBS := -lpci -lcrypto
$(ESPALIER_LIB): $(patsubst %.c,$(B)/obj/%.o,$(sort $(wildcard driver/*.c)))
	@mkdir -p $(@D)
	rm -f $@ && ar rcs $@ $^
