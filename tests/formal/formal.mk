# SPDX-License-Identifier: Apache-2.0
# make formal: every property file of this folder; docs/verification.md says what is proved. FORMAL_ONLY=NAME: one proof.
FORMAL_FILES := $(sort $(wildcard tests/formal/p_*.sv))

.PHONY: formal
formal:
	@$(VENV)/bin/python tests/formal/prove.py --out $(B)/formal $(if $(FORMAL_ONLY),--only $(FORMAL_ONLY)) $(FORMAL_FILES)
