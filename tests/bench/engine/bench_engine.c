// SPDX-License-Identifier: Apache-2.0
/*
 * bench_engine encap|decap: cycles a packet of one engine, stream in to stream out, in the steady state: the sender always offers, the
 * receiver always takes, the SA changes with every packet. Prints a JSON object a line. The bus limit of a packet is
 * ceil(bytes of its wider side / bytes of a beat); the wider side is the ESP packet.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "encap_dut.h"
#include "espalier_regs.h"

#define WARM_UP_BEATS 1500 /* at the bus: the pipeline and its FIFOs are full and in step */
#define RUN_BEATS 12000
#define MAX_PACKETS 4500
#define SA_STRIDE 2731 /* odd: from packet to packet through all of the table */

static bool decap;
static uint64_t decap_seq[DUT_SAS]; /* last number made for each SA */

static size_t wire_bytes(size_t inner_len)
{
	return 52 + (inner_len + 5) / 4 * 4;
}

static unsigned int beats(size_t inner_len)
{
	unsigned int beat = encap_lanes() * 16;

	return (unsigned int)(wire_bytes(inner_len) + beat - 1) / beat;
}

static void push(uint16_t sa, size_t inner_len)
{
	static uint8_t inner[ORACLE_MAX], outer[ORACLE_MAX];

	encap_make_inner(inner, inner_len);
	if (decap)
		encap_push(0, ESP_STATUS_OK, outer, oracle_encap(&encap_sas[sa], ++decap_seq[sa], inner, inner_len, outer), false, NULL);
	else
		encap_push(sa, ESP_STATUS_OK, inner, inner_len, false, NULL);
}

static void run_until(uint64_t packets)
{
	while (encap_counts.packets < packets)
		encap_step();
}

/* sizes: inner lengths, taken in turn. */
static void measure(unsigned int sas, const size_t *sizes, unsigned int count, const char *mix)
{
	uint64_t limit = 0, bytes = 0, begin, latency;
	unsigned int warm_up, packets, round = 0;

	for (unsigned int i = 0; i < count; i++)
		round += beats(sizes[i]);
	packets = RUN_BEATS / round * count;
	packets = packets > MAX_PACKETS ? MAX_PACKETS / count * count : packets;
	warm_up = (WARM_UP_BEATS / round + 1) * count;

	/* One packet alone, then the flood. */
	encap_clear_counts();
	push(0, sizes[0]);
	encap_drain();
	latency = encap_counts.latency_max;
	encap_clear_counts();
	for (unsigned int i = 0; i < warm_up + packets + count; i++)
		push((uint16_t)(i * SA_STRIDE % sas), sizes[i % count]);
	run_until(warm_up);
	begin = encap_counts.last_out;
	run_until(warm_up + packets);
	for (unsigned int i = 0; i < packets; i++) {
		limit += beats(sizes[i % count]);
		bytes += sizes[i % count];
	}
	printf("{\"direction\": \"%s\", \"lanes\": %u, \"sas\": %u, \"inner_bytes\": %u, \"packets\": %u, \"cycles_per_packet\": %.4f, "
	       "\"bus_limit\": %.4f, \"latency_cycles\": %u, \"mix\": %s}\n",
	       decap ? "decap" : "encap", encap_lanes(), sas, (unsigned int)(bytes / packets), packets,
	       (double)(encap_counts.last_out - begin) / packets, (double)limit / packets, (unsigned int)latency, mix);
	fflush(stdout);
	encap_drain();
	assert_int_equal(encap_counts.status[ESP_STATUS_OK], encap_counts.packets);
}

static void bench(void **state)
{
	static const size_t sizes[] = { 64, 128, 256, 512, 1446, 9000 };
	static const size_t mixed[] = { 64, 1446, 64, 128, 576, 64, 1446, 40, 9000, 256, 64, 1446 };
	static const unsigned int sas[] = { 64, 1, DUT_SAS };

	(void)state;
	encap_start();
	encap_check = false; /* the tests do that */
	for (uint16_t i = 0; i < DUT_SAS; i++) {
		encap_random_sa(&encap_sas[i], 16 + 8u * (i % 3), i & 1, 0);
		assert_int_equal(encap_command(ESP_SA_OP_ADD, decap, i, &encap_sas[i], NULL), ESP_SA_RESULT_OK);
	}
	for (unsigned int s = 0; s < 3; s++)
		for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
			if (s == 0 || sizes[i] == 64 || sizes[i] == 1446)
				measure(sas[s], &sizes[i], 1, "false");
	measure(64, mixed, sizeof(mixed) / sizeof(mixed[0]), "true");
	encap_stop();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(bench) };

	if (argc != 2 || (strcmp(argv[1], "encap") && strcmp(argv[1], "decap"))) {
		fprintf(stderr, "usage: %s encap|decap\n", argv[0]);
		return 2;
	}
	decap = !strcmp(argv[1], "decap");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
