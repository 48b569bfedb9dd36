# SPDX-License-Identifier: Apache-2.0
# What a daemon is to its system: rights, locked memory, service manager.
process_comma := ,
$(eval $(call c_test,process_privileges,tests/unit/process/test_privileges.c,$(PROCESS_LIB),-lcap-ng))
$(eval $(call c_test,process_notify,tests/unit/process/test_notify.c,$(PROCESS_LIB),))
$(eval $(call c_test,process_memory_lock,tests/unit/process/test_memory_lock.c,$(PROCESS_LIB),-Wl$(process_comma)--wrap=setrlimit -Wl$(process_comma)--wrap=getrlimit -Wl$(process_comma)--wrap=mlockall))
