# SPDX-License-Identifier: Apache-2.0
# make fuzz FUZZ_SECONDS=30: every tests/fuzz/fuzz_NAME.c for that long, from the seeds in tests/fuzz/corpus/NAME/. The host code is built
# again by clang, with libFuzzer's coverage and AddressSanitizer and UndefinedBehaviorSanitizer, under $(B)/fuzz.
FUZZ_SECONDS ?= 30
FUZZ_NAMES := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZERS := $(addprefix $(B)/fuzz/,$(FUZZ_NAMES))
FUZZ_HOST := $(sort $(wildcard host/file/*.c host/process/*.c host/net/*.c host/sink/*.c host/ike/*/*.c driver/*.c driver/software/*.c) host/gw/packet.c)
# What is looked at for new paths: all but the harnesses themselves. Values that are compared are noted, too, as libFuzzer tries them in inputs, but not behind the parsers, where
# many comparisons are of counters and pointers.
FUZZ_BEHIND := host/ike/core/% host/ike/crypto/cipher.c host/ike/crypto/prf.c host/ike/crypto/kdf.c
FUZZ_COVERAGE = $(if $(filter tests/%,$<),,$(if $(filter $(FUZZ_BEHIND),$<),-fsanitize-coverage=inline-8bit-counters$(fuzz_comma)pc-table,-fsanitize=fuzzer-no-link))
fuzz_comma := ,
FUZZ_SAN := -fsanitize=address,undefined -fno-sanitize-recover=all
# The world of two agents is no part of what is tried; memory that it gets from them is still watched where it copies it.
FUZZ_CHECKS = $(if $(filter tests/unit/ike_core/%,$<),,$(FUZZ_SAN))
# Libraries that no harness needs stay out by --as-needed.
FUZZ_LIBS ?= -lcrypto -ljansson -lpci -lpthread -lcap-ng

$(B)/fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo '  FUZZ CC $<'
	clang -std=c11 -D_GNU_SOURCE -O1 -g -fno-omit-frame-pointer $(FUZZ_COVERAGE) $(FUZZ_CHECKS) -Ihost -Ihost/ike -Idriver -Itests/lib -MMD -MP -c -o $@ $<
$(B)/fuzz/libhost.a: $(patsubst %.c,$(B)/fuzz/obj/%.o,$(FUZZ_HOST))
	rm -f $@ && ar rcs $@ $^
$(FUZZERS): $(B)/fuzz/%: $(B)/fuzz/obj/tests/fuzz/fuzz_%.o $(B)/fuzz/libhost.a
	clang -fsanitize=fuzzer $(FUZZ_SAN) -o $@ $(filter %.o,$^) $(filter %.a,$^) -Wl,--as-needed $(FUZZ_LIBS)
# What a harness shares with unit tests.
$(B)/fuzz/message: $(B)/fuzz/obj/tests/lib/ike_rebuild.o
# Two agents in the world of tests/unit/ike_core; messages are changed where they are sealed.
$(B)/fuzz/exchange: $(addprefix $(B)/fuzz/obj/tests/unit/ike_core/,world.o world_look.o world_esp.o mock_sink.o pair.o) $(B)/fuzz/obj/tests/fuzz/cheap_dh.o
$(B)/fuzz/exchange: FUZZ_LIBS += -lcmocka -Wl,--wrap=seal_message -Wl,--wrap=dh_new,--wrap=dh_free,--wrap=dh_group,--wrap=dh_public,--wrap=dh_derive
# What the command reads.
$(B)/fuzz/states: $(addprefix $(B)/fuzz/obj/host/cmd/,states.o xfrm_line.o xfrm_aead.o xfrm_options.o xfrm_printed.o xfrm_policy.o selector.o ip_headers.o words.o)
$(B)/fuzz/capture: $(B)/fuzz/obj/host/cmd/capture.o
$(B)/fuzz/capture: FUZZ_LIBS += -lpcap
# The simulator's server in front of the card in C.
$(B)/fuzz/card_server: $(patsubst %,$(B)/fuzz/obj/%.o,tests/lib/hostile_card $(addprefix sim/,vfio_user vfio_user_requests host_memory config_space sim options faults))
# The gateway without what touches the host.
$(B)/fuzz/gateway: $(patsubst %.c,$(B)/fuzz/obj/%.o,$(filter-out $(addprefix host/gw/,main.c wire.c wire_socket.c tun.c filter.c netlink.c netlink_dump.c packet.c),$(wildcard host/gw/*.c)))
$(B)/fuzz/netlink: $(addprefix $(B)/fuzz/obj/host/gw/,netlink.o netlink_dump.o)
$(B)/fuzz/netlink: FUZZ_LIBS += -Wl,--wrap=socket,--wrap=setsockopt,--wrap=send,--wrap=sendto,--wrap=recv

.PHONY: fuzz
fuzz: $(FUZZERS)
	@FUZZ_SECONDS=$(FUZZ_SECONDS) $(PYTHON) tests/fuzz/fuzz.py $(B)/fuzz $(FUZZ_NAMES)
