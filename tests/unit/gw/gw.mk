# SPDX-License-Identifier: Apache-2.0
$(foreach t,packet sad spd path early,$(eval $(call c_test,gw_$(t),tests/unit/gw/test_$(t).c,$(GW_LIBS),$(HOST_LIBS))))
