# SPDX-License-Identifier: Apache-2.0
# espalier-ike's own parts: sockets, key log, event loop.
$(foreach t,udp keylog,$(eval $(call c_test,ike_daemon_$(t),tests/unit/ike_daemon/test_$(t).c,$(IKE_LIBS),-lcrypto)))
$(eval $(call c_test,ike_daemon_listing,tests/unit/ike_daemon/test_listing.c,$(IKE_LIBS),-ljansson -lcrypto))
$(eval $(call c_test,ike_daemon_loop,tests/unit/ike_daemon/test_loop.c tests/unit/ike_daemon/fake_agent.c,$(IKE_LIBS),-ljansson -lcrypto -lm -lcap-ng))
