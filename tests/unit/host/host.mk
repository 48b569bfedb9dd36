# SPDX-License-Identifier: Apache-2.0
# The software reference, and the command: STATES parser, captures, the whole of it.
# host_test NAME,C-FILES,FLAGS of the linker
define host_test
$(B)/tests/host_$(1): $(B)/obj/tests/unit/host/test_$(1).o $(2:%.c=$(B)/obj/tests/unit/host/%.o) $(CMD_LIB) $(FILE_LIB) $(SOFTWARE_LIB) $(ESPALIER_LIB)
	@mkdir -p $$(@D)
	$(CC) $(LDFLAGS) $(3) -o $$@ $$^ $(CMD_LIBS) -lcmocka
UNIT_TESTS += $(B)/tests/host_$(1)
endef
$(eval $(call host_test,software,soft_fixture.c))
$(eval $(call host_test,replay,soft_fixture.c))
$(eval $(call host_test,states,))
$(eval $(call host_test,capture,))
$(eval $(call host_test,reserve,,$(addprefix -Xlinker --wrap=,fsync renameat linkat)))
# The command's tests are scripts: make them look like the others.
define command_test
$(B)/tests/host_$(1): tests/unit/host/test_$(1).py tests/unit/host/command.py $(ESPALIER)
	@mkdir -p $$(@D)
	printf '#!/bin/sh\nexec $(PYTHON) %s %s "$$$$@"\n' tests/unit/host/test_$(1).py $(ESPALIER) >$$@
	chmod +x $$@
UNIT_TESTS += $(B)/tests/host_$(1)
endef
$(foreach t,check cli numbers files captures pasted modes policies,$(eval $(call command_test,$(t))))
# The software reference beside oracles in Python: scapy, python3-cryptography, the RFCs' tables and rules as plain models.
$(B)/bin/esp-pipe: $(B)/obj/tests/unit/host/esp_pipe.o $(SOFTWARE_LIB) $(ESPALIER_LIB)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(ESPALIER_LIBS)
define device_test
$(B)/tests/host_$(1): tests/unit/host/test_$(1).py tests/unit/host/esp_device.py $(B)/bin/esp-pipe
	@mkdir -p $$(@D)
	printf '#!/bin/sh\nexec $(PYTHON) %s %s "$$$$@"\n' tests/unit/host/test_$(1).py $(B)/bin/esp-pipe >$$@
	chmod +x $$@
UNIT_TESTS += $(B)/tests/host_$(1)
endef
$(foreach t,esp_matrix esp_vectors esp_replay esp_fields esp_rules,$(eval $(call device_test,$(t))))
