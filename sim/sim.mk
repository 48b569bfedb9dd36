# SPDX-License-Identifier: Apache-2.0
# espalier-sim: the Verilated card (rtl/card.sv) with a root complex and a vfio-user server around it.
SIM_C := $(filter-out sim/main.c,$(wildcard sim/*.c))
SIM_OBJS := $(SIM_C:%.c=$(B)/obj/%.o)
SIM_MODEL := $(B)/model/card

# Lost reads' tags come back soon: 2^24 cycles are minutes here, and no completion of the simulated root complex is that late.
$(eval $(call model,card,card,rtl/card.sv,-GQUARANTINE_LOG2=16))

$(B)/obj/sim/card_shim.o: sim/card_shim.cpp sim/card.h $(SIM_MODEL)/libmodel.a
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS) -Isim -I$(SIM_MODEL) -isystem $(VERILATOR_ROOT)/include -isystem $(VERILATOR_ROOT)/include/vltstd -c -o $@ $<

$(B)/bin/espalier-sim: $(SIM_OBJS) $(B)/obj/sim/main.o $(B)/obj/sim/card_shim.o $(SIM_MODEL)/libmodel.a
	@mkdir -p $(@D)
	$(CXX) $(LDFLAGS) -o $@ $^ $(VERILATOR_LDLIBS)

BINS += $(B)/bin/espalier-sim
