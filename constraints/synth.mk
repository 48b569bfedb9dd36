# SPDX-License-Identifier: Apache-2.0
# Yosys (pyosys, pinned in .ci/requirements.txt) synth_xilinx for UltraScale+, card.sv as top: what the RTL costs, and how long its paths are.
#   make synth-card   the card with 4 lanes and 4096 SAs: build/synth/card-area.json, card-levels.json
#   make synth-spd    the policy classifier by itself, with 256 and 64 rules: build/synth/spd-RULES-area.json, spd-RULES-levels.json
#   make synth        both, and the card with 1, 2 and 4 lanes and 64, 1024 and 4096 SAs: build/synth/area.json, area.svg, levels.json
# They fail on an error, an inferred latch, a net with several drivers, a combinational loop, a table that did not become block RAM, a
# direction at full size that gives less than SYNTH_LEAST Gbit/s (projected at 250 MHz) per 1000 LUTs, or a path of more than SYNTH_MOST LUT levels.
# synth-card is 4 minutes of processor time, synth-spd 2, synth some 14.
SYNTH_LEAST := 2.0
SYNTH_MOST := 8
SYNTH_DIR := constraints/yosys
SYNTH_PY := $(addprefix $(SYNTH_DIR)/,synth.py yosys.py merge.py)
SYNTH_SV := $(filter %.sv,$(RTL_ALL))

# synth_run NAME,TOP,PARAMETERS,MORE-SV-FILES: one run of Yosys, netlist in NAME.json.
define synth_run
$(B)/synth/$(1).json: $(SYNTH_SV) $(4) $(SYNTH_PY)
	@mkdir -p $$(@D)
	@echo "yosys: $(1)"
	@nice -n 10 $(VENV)/bin/python $(SYNTH_DIR)/synth.py $(2) $$(@:.json=) $(3) $(SYNTH_SV) $(4)
endef
$(eval $(call synth_run,card,card,LANES=4 SA_ENTRIES=4096))
$(eval $(call synth_run,lanes-4,synth_top,LANES=4 MOST=0,$(SYNTH_DIR)/synth_top.sv))
$(eval $(call synth_run,lanes-2,synth_top,LANES=2,$(SYNTH_DIR)/synth_top.sv))
$(eval $(call synth_run,lanes-1,synth_top,LANES=1,$(SYNTH_DIR)/synth_top.sv))
SYNTH_CARD := 4:4096:$(B)/synth/card.json
SYNTH_ALL := $(SYNTH_CARD) 4:$(B)/synth/lanes-4.json 2:$(B)/synth/lanes-2.json 1:$(B)/synth/lanes-1.json

# synth_tables PREFIX,NETS,PICTURE: both tables of one list of netlists.
define synth_tables
$(B)/synth/$(1)area.json: $(foreach n,$(2),$(lastword $(subst :, ,$(n)))) $(SYNTH_DIR)/area.py $(SYNTH_DIR)/netlist.py
	@$(PYTHON) $(SYNTH_DIR)/area.py --least $(SYNTH_LEAST) $(3) $$@ $(2)
$(B)/synth/$(1)levels.json: $(foreach n,$(2),$(lastword $(subst :, ,$(n)))) $(SYNTH_DIR)/levels.py $(SYNTH_DIR)/netlist.py
	@$(PYTHON) $(SYNTH_DIR)/levels.py --most $(SYNTH_MOST) $$@ $(2)
endef
$(eval $(call synth_tables,,$(SYNTH_ALL),--svg $(B)/synth/area.svg))
$(eval $(call synth_tables,card-,$(SYNTH_CARD),))

# The classifier is in no card yet.
$(foreach r,256 64,$(eval $(call synth_run,spd-$(r),spd,RULES=$(r))))
$(foreach r,256 64,$(eval $(call synth_tables,spd-$(r)-,spd:$(B)/synth/spd-$(r).json,)))

.PHONY: synth synth-card synth-spd
synth-spd: $(foreach r,256 64,$(B)/synth/spd-$(r)-area.json $(B)/synth/spd-$(r)-levels.json)
synth: synth-card synth-spd $(B)/synth/area.json $(B)/synth/levels.json
synth-card: $(B)/synth/card-area.json $(B)/synth/card-levels.json
