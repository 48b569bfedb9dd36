# SPDX-License-Identifier: Apache-2.0
$(eval $(call c_test,sink_proto,tests/unit/sink/test_proto.c,$(SINK_LIB) $(FILE_LIB),-lcrypto))
sink_comma := ,
$(eval $(call c_test,sink_socket,tests/unit/sink/test_socket.c tests/unit/sink/fake_gateway.c,$(SINK_LIB) $(FILE_LIB),-lcrypto -lpthread -Wl$(sink_comma)--wrap=clock_gettime))
