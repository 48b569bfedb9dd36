# SPDX-License-Identifier: Apache-2.0
# The decapsulation engine with its SA manager, at each width; the models are those of the bench (tests/bench/engine).
DECAP_TEST_C := tests/unit/decap/test_decap.c tests/unit/decap/test_decap_reject.c tests/unit/decap/test_decap_control.c tests/unit/decap/decap_dut.c tests/unit/decap/decap_oracle.c \
  tests/unit/replay/replay_model.c tests/lib/secrets.c
$(B)/obj/tests/unit/decap/%.o: CFLAGS += -Itests/unit/replay
$(foreach l,$(ENGINE_LANES),$(eval $(call engine_program,$(B)/tests/decap_$(l),$(l),$(DECAP_TEST_C))))
UNIT_TESTS += $(ENGINE_LANES:%=$(B)/tests/decap_%)
