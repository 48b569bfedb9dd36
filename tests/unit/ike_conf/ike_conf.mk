# SPDX-License-Identifier: Apache-2.0
# swanctl.conf: syntax, keys, errors.
$(eval $(call c_test,ike_conf,tests/unit/ike_conf/test_conf.c,$(IKE_LIBS),-lcrypto))
$(eval $(call c_test,ike_conf_syntax,tests/unit/ike_conf/test_syntax.c,$(IKE_LIBS),-lcrypto))
# The same files in strongSwan.
$(B)/tests/ike_conf_dump: $(B)/obj/tests/unit/ike_conf/dump.o $(IKE_LIBS)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -ljansson -lcrypto
$(B)/tests/ike_conf_charon: tests/unit/ike_conf/test_charon.py $(B)/tests/ike_conf_dump
	printf '#!/bin/sh\nexec $(PYTHON) %s %s\n' $^ >$@
	chmod +x $@
UNIT_TESTS += $(B)/tests/ike_conf_charon
