# SPDX-License-Identifier: Apache-2.0
$(eval $(call rtl_test,replay,replay_tb,tests/unit/replay/replay_tb.sv,tests/unit/replay/replay_shim.cpp,tests/unit/replay/test_replay_rtl.c tests/unit/replay/replay_model.c,,))
UNIT_TESTS += $(B)/tests/replay
