# SPDX-License-Identifier: Apache-2.0
# The agent's core: what leads to an IKE SA, and what must not. Read after ike_core.mk.
comma := ,
# By themselves, without a world:
$(eval $(call c_test,ike_core_offers,tests/unit/ike_core/test_offers.c,$(IKE_LIBS),-lcrypto))
$(eval $(call c_test,ike_core_events,tests/unit/ike_core/test_events.c,$(IKE_LIBS),-lcrypto))
$(eval $(call c_test,ike_core_timer,tests/unit/ike_core/test_timer.c,$(IKE_LIBS),))
$(eval $(call c_test,ike_core_window,tests/unit/ike_core/test_window.c,$(IKE_LIBS),))
$(eval $(call c_test,ike_core_auth_cert,tests/unit/ike_core/test_auth_cert.c tests/unit/ike_core/pki.c $(WORLD),$(IKE_LIBS),-lcrypto))
$(eval $(call ike_core_test,init))
$(eval $(call c_test,ike_core_auth,tests/unit/ike_core/test_auth.c tests/unit/ike_core/tamper.c $(WORLD),$(IKE_LIBS),-lcrypto -Wl$(comma)--wrap=seal_message))
$(eval $(call ike_core_test,forgery))
$(eval $(call c_test,ike_core_refused,tests/unit/ike_core/test_refused.c $(WORLD),$(IKE_LIBS),-lcrypto -Wl$(comma)--wrap=ike_rekey_request))
$(eval $(call c_test,ike_core_narrow,tests/unit/ike_core/test_narrow.c $(WORLD),$(IKE_LIBS),-lcrypto -Wl$(comma)--wrap=ts_narrow -Wl$(comma)--wrap=child_answer))
$(eval $(call c_test,ike_core_forgotten,tests/unit/ike_core/test_forgotten.c $(WORLD),$(IKE_LIBS),-lcrypto -Wl$(comma)--wrap=create_child_under_way -Wl$(comma)--wrap=create_child_request -Wl$(comma)--wrap=child_delete_under_way))
