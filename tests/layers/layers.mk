# SPDX-License-Identifier: Apache-2.0
# make lint-layers: who includes and calls whom, against tests/layers/layers.txt. Every C source is built first: its object says what it calls.
LAYERED := $(sort $(wildcard driver/*.c driver/*/*.c host/*/*.c host/*/*/*.c sim/*.c sim/*/*.c))

.PHONY: lint-layers
lint-layers: $(LAYERED:%.c=$(B)/obj/%.o)
	@$(PYTHON) tests/layers/test_layers.py
	@$(PYTHON) tests/layers/layers.py $(B)
lint: lint-layers
