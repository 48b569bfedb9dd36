# SPDX-License-Identifier: Apache-2.0
# make lint-layers: who includes and calls whom, against tests/layers/layers.txt. Every C source is built first: its object says what it calls.
LAYERED := $(sort $(wildcard driver/*.c driver/*/*.c host/*/*.c host/*/*/*.c sim/*.c sim/*/*.c))

.PHONY: lint-layers
lint-layers: $(LAYERED:%.c=$(B)/obj/%.o)
	@$(PYTHON) tests/layers/test_layers.py
	@$(PYTHON) tests/layers/layers.py $(B)
lint: lint-layers

# Every source says its licence.
.PHONY: lint-licence
lint-licence:
	@bad=$$(find Makefile .ci rtl sim driver host tests constraints -path tests/fuzz/corpus -prune -o -type f \( -name Makefile -o -name '*.mk' -o -name '*.[ch]' -o -name '*.cpp' \
	  -o -name '*.hpp' -o -name '*.sv' -o -name '*.vlt' -o -name '*.rdl' -o -name '*.py' -o -name '*.toml' \) -exec grep -L SPDX-License-Identifier {} +); \
	  [ -z "$$bad" ] || { echo "no SPDX-License-Identifier:"; echo "$$bad"; exit 1; }
lint: lint-licence
