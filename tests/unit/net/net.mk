# SPDX-License-Identifier: Apache-2.0
# Addresses, endpoints, traffic selectors.
$(eval $(call c_test,net_addr,tests/unit/net/test_addr.c,$(NET_LIB),))
