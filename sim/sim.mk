# SPDX-License-Identifier: Apache-2.0
# espalier-sim: the Verilated card (rtl/card.sv) with a root complex and a vfio-user server around it.
SIM_C := $(filter-out sim/main.c,$(wildcard sim/*.c))
SIM_OBJS := $(patsubst %.c,$(B)/obj/%.o,$(SIM_C) $(wildcard host/file/*.c))
$(B)/obj/sim/%.o $(B)/obj/tests/unit/sim/%.o $(B)/obj/tests/lib/hostile_%.o: CFLAGS += -Ihost

# card_sim SUFFIX,TRACE,SV-FILES,OBJECTS,FLAGS: the simulator $(B)/bin/espalier-sim$(1) around a model of the card; TRACE as for model. SV-FILES
# take the place of modules of the same name; FLAGS are Verilator's.
# Lost reads and writes end, and their tags come back, soon: 10 ms and 2^24 cycles are minutes here, and nothing of the simulated root complex is that late.
define card_sim
$(call model,card$(1),card,$(3) rtl/card.sv,-GQUARANTINE_LOG2=16 -GLOST_LOG2=12 -GDEFAULT_TIMEOUT=250000 $(5),$(2))
$(call shim,$(B)/obj/sim/card_shim$(1).o,sim/card_shim.cpp,card$(1),-Isim,$(2))
$(B)/bin/espalier-sim$(1): $(SIM_OBJS) $(B)/obj/sim/main.o $(B)/obj/sim/card_shim$(1).o $(4) $(B)/model/card$(1)/libmodel.a
	@mkdir -p $$(@D)
	$(CXX) $(LDFLAGS) -o $$@ $$^ $(VERILATOR_LDLIBS)
endef

# The cipher in C behind SystemVerilog's DPI, cycle for cycle as the RTL's.
DPI_SV := sim/dpi/gcm_engine_dpi.sv
DPI_OBJS := $(patsubst %.c,$(B)/obj/%.o,$(wildcard sim/dpi/*.c))
$(DPI_OBJS): CFLAGS += -Isim/dpi -isystem $(VERILATOR_ROOT)/include/vltstd

$(eval $(call card_sim))
$(eval $(call card_sim,-dpi,,$(DPI_SV) sim/dpi/gcm_engine.sv,$(DPI_OBJS)))
# For a block that holds 256 completions: --completion-buffer 256,32768 goes with it.
$(eval $(call card_sim,-256,,,,-GCOMPLETION_HEADERS=256))
# Other sizes, lanes and SAs: make verify.
$(foreach s,1x64 2x1024,$(eval $(call card_sim,-$(s),,,,-GLANES=$(word 1,$(subst x, ,$(s))) -GSA_ENTRIES=$(word 2,$(subst x, ,$(s))))))
# With waveforms: built on demand (make wave).
$(eval $(call card_sim,-trace,traced))

BINS += $(B)/bin/espalier-sim
