# SPDX-License-Identifier: Apache-2.0
# make coverage: the models built again under $(B)/cover, counting what of the RTL runs; the tests on them; build/coverage/index.html. Fails where a
# module has too little. make coverage-docs: the same, and the table of docs/verification.md.
# The engines with two lanes, the cipher by itself and the card, small, with one: what more lanes run is the same source.
COVER_UNIT := $(addprefix $(B)/tests/,axis_width_128 axis_width_256 axis_width_512 lib_cells csr sa lookup_64 spd_64 replay pcie_regs pcie_cfg pcie_function pcie_dma pcie_cells sim_pcie dma dma_cells esp_cells gcm_cavp_1 gcm_stream_1 gcm_dpi_1 decap_2 encap_2)
COVER_SYSTEM := $(addprefix $(B)/tests/,rings sas)
COVER_SIM := $(B)/bin/espalier-sim-small
COVERED = B=$(B)/cover COVER=1

ifdef COVER
$(eval $(call card_sim,-small,,$(DPI_SV) sim/dpi/gcm_engine.sv,$(DPI_OBJS),-GLANES=1 -GSA_ENTRIES=64))
endif

# In the make below, where B is the folder of these models.
.PHONY: coverage coverage-docs coverage-build coverage-run
coverage-build: $(COVER_UNIT) $(COVER_SYSTEM) $(COVER_SIM) $(ESPALIER)

coverage-run: coverage-build
	@rm -rf $(B)/data && mkdir -p $(B)/data
	@ESPALIER_COVERAGE=$(abspath $(B)/data) ESPALIER_BUILD=$(B) ESPALIER_SIM=$(abspath $(COVER_SIM)) ESPALIER_TEST_SAS=64 ESPALIER_TEST_SCALE=1 ESPALIER_TEST_SEED=1 \
	  $(RUN) --timeout 3600 --logs $(B)/logs $(COVER_UNIT) $(foreach t,$(COVER_SYSTEM),ESPALIER_TEST_DEVICE=sim,$(t)) $(SYS)/test_rootcomplex.py

coverage:
	@$(MAKE) --no-print-directory $(COVERED) coverage-run
	@$(PYTHON) tests/coverage/coverage.py $(COVER_DOCS) $(B)/cover/data $(B)/coverage

coverage-docs: COVER_DOCS = --docs docs/verification.md
coverage-docs: coverage
