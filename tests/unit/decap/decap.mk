# SPDX-License-Identifier: Apache-2.0
# The decapsulation engine with its SA manager, at each width; the models are those of the bench (tests/bench/engine).
DECAP_TEST_C := tests/unit/decap/test_decap.c tests/unit/decap/test_decap_reject.c tests/unit/decap/decap_dut.c tests/unit/decap/decap_oracle.c \
  tests/unit/replay/replay_model.c
define decap_test
$(B)/tests/decap_$(1): $(DECAP_TEST_C:%.c=$(B)/obj/%.o) $(B)/obj/decap_bench_$(1)/shim.o $(B)/model/decap_bench_$(1)/libmodel.a
	@mkdir -p $$(@D)
	@echo '  LINK $$@'
	$(CXX) $(LDFLAGS) -o $$@ $$^ -lcrypto -lcmocka $(VERILATOR_LDLIBS)
UNIT_TESTS += $(B)/tests/decap_$(1)
endef
$(B)/obj/tests/unit/decap/%.o: CFLAGS += -Itests/unit/replay
$(foreach l,4 2 1,$(eval $(call decap_test,$(l))))
