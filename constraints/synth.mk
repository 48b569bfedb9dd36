# SPDX-License-Identifier: Apache-2.0
# make synth: Yosys synth_xilinx for UltraScale+ over the engine blocks, full size; areas into build/synth/area.json and on the screen.
# It fails on an error, an inferred latch, or a table that did not become block RAM. About 9 minutes on one core; -j2 halves it.
SYNTH_SAS := 4096
SYNTH_DIRS := lib aes gcm sa esp
SYNTH_PKGS := $(filter-out rtl/lint.vlt rtl/pcie/% rtl/dma/%,$(RTL_PKGS))
SYNTH_SV := $(SYNTH_PKGS) $(filter-out $(SYNTH_PKGS),$(foreach d,$(SYNTH_DIRS),$(wildcard rtl/$(d)/*.sv)))
SYNTH_SCRIPTS := constraints/yosys/synth.sh constraints/yosys/area.py

# synth_run TOP,LANES,BLOCKS,PARAMETERS: one Yosys run; the area of each of BLOCKS (A+B), modules of TOP, goes into the table.
# Blocks whose size has nothing to do with the lanes stand in the table once, with those of the default card.
define synth_run
$(B)/synth/$(1)-$(2).stat: $(SYNTH_SV) constraints/yosys/synth.sh
	@mkdir -p $$(@D)
	@echo "yosys: $(1), $(2) lanes"
	@constraints/yosys/synth.sh $(1) $$(@:.stat=) "-set SA_ENTRIES $(SYNTH_SAS) $(4)" $(SYNTH_SV)
SYNTH_STATS += $(B)/synth/$(1)-$(2).stat
SYNTH_RUNS += $(2):$(SYNTH_SAS):$(B)/synth/$(1)-$(2).stat:$(3)
endef
$(foreach l,4 2 1,$(eval $(call synth_run,engine_encap,$(l),engine_encap+gcm_engine,-set LANES $(l))))
$(eval $(call synth_run,engine_decap,4,engine_decap+sa_lookup+replay,-set LANES 4))
$(foreach l,2 1,$(eval $(call synth_run,engine_decap,$(l),engine_decap,-set LANES $(l))))
$(eval $(call synth_run,sa_manager,4,sa_manager+sa_keygen,))

.PHONY: synth
synth: $(B)/synth/area.json
$(B)/synth/area.json: $(SYNTH_STATS) $(SYNTH_SCRIPTS)
	@$(PYTHON) constraints/yosys/area.py $@ $(SYNTH_RUNS)
