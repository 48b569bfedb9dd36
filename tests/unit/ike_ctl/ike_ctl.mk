# SPDX-License-Identifier: Apache-2.0
# The control socket: its server with handlers of the test's own, and `espalier ike` against a server of the test's own.
$(eval $(call c_test,ike_ctl,tests/unit/ike_ctl/test_ctl.c,$(IKE_LIBS),-ljansson -lcrypto))
$(B)/tests/ike_command: tests/unit/ike_ctl/test_command.py $(ESPALIER)
	@mkdir -p $(@D)
	printf '#!/bin/sh\nexec $(PYTHON) %s %s\n' tests/unit/ike_ctl/test_command.py $(ESPALIER) >$@
	chmod +x $@
UNIT_TESTS += $(B)/tests/ike_command
