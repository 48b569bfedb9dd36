# SPDX-License-Identifier: Apache-2.0
# IKEv2 messages. The .hex files of tests/vectors/ike are what strongSwan said to itself; tests are run from the top folder.
IKE_PROTO := tests/unit/ike_proto
$(eval $(call c_test,ike_proto,$(IKE_PROTO)/test_proto.c $(IKE_PROTO)/vectors.c tests/lib/ike_rebuild.c,$(IKE_LIBS),))
$(eval $(call c_test,ike_decode,$(IKE_PROTO)/test_decode.c,$(IKE_LIBS),))
$(eval $(call c_test,ike_build,$(IKE_PROTO)/test_build.c,$(IKE_LIBS),))
$(eval $(call c_test,ike_fragment,$(IKE_PROTO)/test_fragment.c,$(IKE_LIBS),))
ike_proto_comma := ,
$(eval $(call c_test,ike_wiped,$(IKE_PROTO)/test_wiped.c,$(IKE_LIBS),-Wl$(ike_proto_comma)--wrap=free -Wl$(ike_proto_comma)--wrap=realloc))
$(eval $(call c_test,ike_proposal,$(IKE_PROTO)/test_proposal.c $(IKE_PROTO)/vectors.c,$(IKE_LIBS),))

$(B)/obj/tests/lib/ike_rebuild.o: CFLAGS += -Ihost -Ihost/ike

IKE_PROTO_TOOL := $(B)/tests/ike_proto_tool
$(IKE_PROTO_TOOL): $(patsubst %.c,$(B)/obj/%.o,$(addprefix $(IKE_PROTO)/,tool.c tool_dump.c tool_build.c vectors.c)) $(IKE_LIBS)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^
# A script: make it look like the others.
$(B)/tests/ike_tshark: $(IKE_PROTO)/test_tshark.py $(IKE_PROTO_TOOL)
	@mkdir -p $(@D)
	printf '#!/bin/sh\nexec $(PYTHON) %s %s\n' $(IKE_PROTO)/test_tshark.py $(IKE_PROTO_TOOL) >$@
	chmod +x $@
UNIT_TESTS += $(B)/tests/ike_tshark
