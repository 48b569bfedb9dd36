# SPDX-License-Identifier: Apache-2.0
# Register map generation and lint of the RTL.
#   make regs   regenerates the card's constants, the C header and docs/registers.md from rtl/csr/espalier.rdl
#   make lint   slang over the card, Verilator -Wall over every module as a top (with LANES 1, 2 and 4 where it has them); fails when the register files are stale
RDL := rtl/csr/espalier.rdl
GEN_REGS := rtl/csr/gen_regs.py
REGS_OUT := rtl/csr/espalier_regs_pkg.sv driver/espalier_regs.h docs/registers.md

.PHONY: regs lint lint-regs lint-slang lint-rtl
regs:
	$(VENV)/bin/python $(GEN_REGS) $(RDL) $(REGS_OUT)

$(B)/regs/.stamp: $(RDL) $(GEN_REGS)
	@mkdir -p $(@D)
	$(VENV)/bin/python $(GEN_REGS) $(RDL) $(addprefix $(@D)/,$(notdir $(REGS_OUT)))
	touch $@

lint-regs: $(B)/regs/.stamp
	@for f in $(REGS_OUT); do cmp $$f $(B)/regs/$$(basename $$f) || { echo "$$f is stale: run 'make regs'" >&2; exit 1; }; done

# Modules that are not packages, and the lane counts each is linted with: "-" for those without the parameter.
LINT_TOPS := $(filter-out $(RTL_PKGS),$(RTL_ALL))
lanes_of = $(if $(shell grep -lE 'parameter int unsigned +LANES\b' $(1)),1 2 4,-)

# lint_one FILE: a stamp for one module; the warnings of all its variants are shown, the first bad one ends it.
define lint_one
$(B)/lint/$(notdir $(1)).ok: $(1) $(RTL_ALL)
	@mkdir -p $$(@D)
	@for l in $$(call lanes_of,$(1)); do \
	  $(VERILATOR) --lint-only --quiet -Wall --top-module $(basename $(notdir $(1))) $$$$([ $$$$l = - ] || echo -GLANES=$$$$l) \
	    $(addprefix -y ,$(RTL_DIRS)) $(RTL_PKGS) $(1) || { echo "lint: $(1), LANES $$$$l" >&2; exit 1; }; done
	@touch $$@
endef
$(foreach f,$(LINT_TOPS),$(eval $(call lint_one,$(f))))

# The card as slang reads it, whole and with its streams watched, with each number of lanes; and the classifier, which is in no card yet.
$(B)/lint/slang.ok: rtl/slang_lint.py $(RTL_ALL) $(PROTOCOL)
	@mkdir -p $(@D)
	@for l in 1 2 4; do $(VENV)/bin/python rtl/slang_lint.py "--top card -G LANES=$$l" $(filter %.sv,$(RTL_ALL)) $(PROTOCOL) >$(@D)/slang.log 2>&1 || { cat $(@D)/slang.log; exit 1; }; done
	@$(VENV)/bin/python rtl/slang_lint.py "--top spd" $(filter %.sv,$(RTL_ALL)) >$(@D)/slang.log 2>&1 || { cat $(@D)/slang.log; exit 1; }
	@touch $@

lint-slang: $(B)/lint/slang.ok

lint-rtl: $(foreach f,$(LINT_TOPS),$(B)/lint/$(notdir $(f)).ok)
lint: lint-regs lint-slang lint-rtl
