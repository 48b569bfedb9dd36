# SPDX-License-Identifier: Apache-2.0
# swanctl.conf: syntax, keys, errors.
$(eval $(call c_test,ike_conf,tests/unit/ike_conf/test_conf.c,$(IKE_LIBS),-lcrypto))
$(eval $(call c_test,ike_conf_syntax,tests/unit/ike_conf/test_syntax.c,$(IKE_LIBS),-lcrypto))
