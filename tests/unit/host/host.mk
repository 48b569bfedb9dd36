# SPDX-License-Identifier: Apache-2.0
# The software reference, and the command: STATES parser, captures, the whole of it.
define host_test
$(B)/tests/host_$(1): $(B)/obj/tests/unit/host/test_$(1).o $(2:%.c=$(B)/obj/tests/unit/host/%.o) $(CMD_LIB) $(SOFTWARE_LIB) $(ESPALIER_LIB)
	@mkdir -p $$(@D)
	$(CC) $(LDFLAGS) -o $$@ $$^ $(CMD_LIBS) -lcmocka
UNIT_TESTS += $(B)/tests/host_$(1)
endef
$(eval $(call host_test,software,soft_fixture.c))
$(eval $(call host_test,replay,soft_fixture.c))
$(eval $(call host_test,states,))
$(eval $(call host_test,capture,))
# The command's test is a script: make it look like the others.
$(B)/tests/host_cli: tests/unit/host/test_cli.py $(ESPALIER)
	@mkdir -p $(@D)
	printf '#!/bin/sh\nexec $(PYTHON) %s %s\n' tests/unit/host/test_cli.py $(ESPALIER) >$@
	chmod +x $@
UNIT_TESTS += $(B)/tests/host_cli
