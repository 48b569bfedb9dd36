# SPDX-License-Identifier: Apache-2.0
# Yosys synth_xilinx for UltraScale+, full size: what the RTL costs, and how long its paths are.
#   make synth        every block for 1, 2 and 4 lanes and 64, 1024 and 4096 SAs: build/synth/area.json, area.svg, levels.json
#   make synth-check  the two directions with 4 lanes and 4096 SAs alone: build/synth/check-area.json, check-levels.json
# Both fail on an error, an inferred latch, a table that did not become block RAM, a direction at full size that gives less than
# SYNTH_LEAST Gbit/s (projected at 250 MHz) per 1000 LUTs, or a path of more than SYNTH_MOST LUT levels in SYNTH_LEVELS_OF.
# 13 minutes of processor time, 4 for synth-check.
SYNTH_LEAST := 2.0
SYNTH_MOST := 8
SYNTH_LEVELS_OF := rtl/aes rtl/gcm rtl/esp rtl/sa
SYNTH_DIR := constraints/yosys
# synth_sv FOLDERS: their files, packages first. The engines need none of rtl/dma and rtl/pcie.
synth_sv = $(filter rtl/csr/%_pkg.sv rtl/espalier_pkg.sv $(foreach d,$(1),rtl/$(d)/%),$(RTL_ALL)) $(SYNTH_DIR)/synth_top.sv
SYNTH_ENGINES := $(call synth_sv,lib aes gcm sa esp)
SYNTH_CONTROL := $(call synth_sv,lib aes gcm sa esp csr dma pcie)

# synth_run NAME,SV-FILES,PARAMETERS: one run of Yosys over synth_top, netlist in NAME.json.
define synth_run
$(B)/synth/$(1).json: $(2) $(SYNTH_DIR)/synth.sh
	@mkdir -p $$(@D)
	@echo "yosys: $(1)"
	@$(SYNTH_DIR)/synth.sh synth_top $$(@:.json=) "$(3)" $(2)
endef
$(foreach l,4 2 1,$(eval $(call synth_run,lanes-$(l),$(SYNTH_ENGINES),-set LANES $(l))))
$(eval $(call synth_run,control,$(SYNTH_CONTROL),-set ENGINES 0 -set CONTROL 1))
$(eval $(call synth_run,check,$(SYNTH_ENGINES),-set FEWER 0))
SYNTH_NETS := 4:$(B)/synth/lanes-4.json 2:$(B)/synth/lanes-2.json 1:$(B)/synth/lanes-1.json 4:$(B)/synth/control.json

# synth_tables PREFIX,NETS,PICTURE: both tables of one list of LANES:NETLIST.
define synth_tables
$(B)/synth/$(1)area.json: $(foreach n,$(2),$(lastword $(subst :, ,$(n)))) $(SYNTH_DIR)/area.py $(SYNTH_DIR)/netlist.py
	@$(PYTHON) $(SYNTH_DIR)/area.py --least $(SYNTH_LEAST) $(3) $$@ $(2)
$(B)/synth/$(1)levels.json: $(foreach n,$(2),$(lastword $(subst :, ,$(n)))) $(SYNTH_DIR)/levels.py $(SYNTH_DIR)/netlist.py
	@$(PYTHON) $(SYNTH_DIR)/levels.py --most $(SYNTH_MOST) $$@ --of $(SYNTH_LEVELS_OF) -- $(2)
endef
$(eval $(call synth_tables,,$(SYNTH_NETS),--svg $(B)/synth/area.svg))
$(eval $(call synth_tables,check-,4:$(B)/synth/check.json,))

.PHONY: synth synth-check
synth: $(B)/synth/area.json $(B)/synth/levels.json
synth-check: $(B)/synth/check-area.json $(B)/synth/check-levels.json
