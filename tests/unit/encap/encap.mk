# SPDX-License-Identifier: Apache-2.0
# The encapsulation engine with its SA manager, at each width; the models are those of the bench (tests/bench/engine).
$(foreach l,$(ENGINE_LANES),$(eval $(call engine_program,$(B)/tests/encap_$(l),$(l),\
  tests/unit/encap/test_encap.c tests/unit/encap/test_encap_fault.c tests/unit/encap/encap_dut.c tests/unit/encap/encap_oracle.c tests/lib/secrets.c)))
UNIT_TESTS += $(ENGINE_LANES:%=$(B)/tests/encap_%)
