# SPDX-License-Identifier: Apache-2.0
# What the programs share for files that they write and sockets that they make.
$(eval $(call c_test,host_file,tests/unit/file/test_file.c,$(FILE_LIB),))
