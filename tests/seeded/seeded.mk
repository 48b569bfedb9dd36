# SPDX-License-Identifier: Apache-2.0
# make verify-seeded: faults on purpose (seeds.toml), each of which a named proof must catch. SEED=NAME: one of them.
.PHONY: verify-seeded
verify-seeded:
	@$(PYTHON) tests/seeded/seeded.py $(if $(SEED),--only $(SEED))
