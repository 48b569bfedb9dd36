// SPDX-License-Identifier: Apache-2.0
/*
 * bench_rings [COMPLETIONS [SIZE...]]: packets through the rings, host memory to card to host memory, in the steady state: a host that keeps one queue
 * full, 64 SAs, another one with every packet, 1 us read latency, MPS 256, MRRS 512. Every result is compared with OpenSSL's. The clock runs
 * only with the bench (in_process.h), so the figures are exact. Prints a JSON object a line. SIZE: inner bytes, instead of the usual ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "card.h"
#include "in_process.h"
#include "pcie_bound.h"
#include "rings.h"

#define SAS 64u
#define DEPTH 1024u
#define BURST 32u
#define STEP 32u	 /* cycles between two looks of the host at its queue */
#define PLACE 16384u	 /* bytes of a source or destination place */
#define RUN_CYCLES 40000u
#define MAX_PACKETS 4000u
#define WARM_UP 1500u	 /* packets: several times what the card holds */
#define STUCK 200000u	 /* cycles without a completion */

enum mode { ENCAP, DECAP, BOTH, MODES };
static const char *const mode_names[] = { "encap", "decap", "both" };

struct size_mix {
	const char *name;
	unsigned int count;
	uint32_t inner[12];
};

struct job {
	struct espalier_op op;
	uint32_t inner_len;
	uint32_t number; /* of the packet: its contents */
	uint64_t seq;
	unsigned int sa;
	unsigned int place;
};

static struct transport *t;
static struct card *card;
static struct espalier_dev *dev;
static struct espalier_queue *queue;
static struct espalier_mem src, dst;
static struct espalier_sa_config sas[2][SAS];
static uint16_t indices[2][SAS];
static uint64_t last_seq[2][SAS];
static struct job jobs[DEPTH];
static struct job *idle[DEPTH];
static unsigned int idle_count;
static uint32_t made, finished;
static uint64_t finished_bytes;

static const char *completions = "128"; /* that the hard block's buffer holds; the card is built for as many */

static void open_card(const struct pcie_link *link)
{
	char link_option[32], buffer[32], error[ESPALIER_ERROR_LEN] = "";
	char *argv[] = { "bench_rings", "--latency", "1000", "--mps", "256", "--mrrs", "512", "--link", link_option, "--completion-buffer", buffer, NULL };

	snprintf(buffer, sizeof(buffer), "%s,32768", completions);
	snprintf(link_option, sizeof(link_option), "%s", link->name);
	assert_int_equal(in_process_open(11, argv, &t), 0);
	if (card_attach(t, 30000, &card, error))
		fail_msg("%s", error);
	dev = &card->base;
	assert_int_equal(espalier_dma_alloc(dev, (size_t)DEPTH * PLACE, &src), 0);
	assert_int_equal(espalier_dma_alloc(dev, (size_t)DEPTH * PLACE, &dst), 0);
	assert_int_equal(espalier_queue_create(dev, DEPTH, &queue), 0);
	for (unsigned int d = 0; d < 2; d++)
		for (unsigned int i = 0; i < SAS; i++) {
			sas[d][i] = test_sa((enum espalier_direction)d, i);
			last_seq[d][i] = 0;
			assert_int_equal(espalier_sa_add(dev, &sas[d][i], &indices[d][i]), 0);
		}
	idle_count = 0;
	for (unsigned int i = 0; i < DEPTH; i++) {
		jobs[i].place = i;
		idle[idle_count++] = &jobs[i];
	}
}

static void close_card(void)
{
	assert_false(in_process_violated(t));
	espalier_queue_destroy(queue);
	espalier_dma_free(dev, &src);
	espalier_dma_free(dev, &dst);
	espalier_close(dev);
}

static void make_job(struct job *j, bool decap, uint32_t inner_len)
{
	uint8_t *in = (uint8_t *)src.va + (size_t)j->place * PLACE;
	static uint8_t inner[PLACE];
	uint32_t len = inner_len;

	j->inner_len = inner_len;
	j->number = made++;
	j->sa = j->number % SAS;
	j->seq = ++last_seq[decap][j->sa];
	make_inner(decap ? inner : in, inner_len, j->number);
	if (decap)
		len = make_esp(in, &sas[1][j->sa], j->seq, inner, inner_len);
	j->op = (struct espalier_op){
		.src = src.iova + (uint64_t)j->place * PLACE,
		.dst = dst.iova + (uint64_t)j->place * PLACE,
		.src_len = (uint16_t)len,
		.dst_capacity = PLACE,
		.opcode = decap ? ESP_OPCODE_DECAP : ESP_OPCODE_ENCAP,
		.sa = decap ? 0 : indices[0][j->sa],
		.cookie = (uintptr_t)j,
	};
}

/* The host's part: the packets that came back are right; as many new ones, a doorbell each BURST. */
static void check_job(const struct job *j)
{
	const uint8_t *out = (const uint8_t *)dst.va + (size_t)j->place * PLACE;
	static uint8_t inner[PLACE], outer[PLACE];
	uint32_t len = make_inner(inner, j->inner_len, j->number);

	if (j->op.status != ESP_STATUS_OK)
		fail_msg("a packet ended with %s", espalier_status_name(j->op.status));
	if (j->op.opcode == ESP_OPCODE_ENCAP)
		len = make_esp(outer, &sas[0][j->sa], j->seq, inner, len);
	assert_int_equal(j->op.out_len, len);
	assert_memory_equal(out, j->op.opcode == ESP_OPCODE_ENCAP ? outer : inner, len);
}

static void take_back(void)
{
	struct espalier_op *done[BURST];
	int n;

	while ((n = espalier_dequeue_burst(queue, done, BURST)) > 0)
		for (int i = 0; i < n; i++) {
			struct job *j = (struct job *)(uintptr_t)done[i]->cookie;

			check_job(j);
			finished_bytes += j->inner_len;
			idle[idle_count++] = j;
			finished++;
		}
	assert_true(n == 0);
}

static void hand_over(enum mode mode, const struct size_mix *mix)
{
	struct espalier_op *ops[BURST];

	while (idle_count >= BURST) {
		for (unsigned int i = 0; i < BURST; i++) {
			struct job *j = idle[--idle_count];

			make_job(j, mode == DECAP || (mode == BOTH && made & 1), mix->inner[(mode == BOTH ? made / 2 : made) % mix->count]);
			ops[i] = &j->op;
		}
		assert_int_equal(espalier_enqueue_burst(queue, ops, BURST), BURST);
	}
}

static void run_until(uint32_t packets, enum mode mode, const struct size_mix *mix, bool refill)
{
	uint64_t progress = in_process_now(t);
	uint32_t before;

	while (finished < packets) {
		in_process_run(t, STEP);
		before = finished;
		take_back();
		if (finished != before)
			progress = in_process_now(t);
		if (refill)
			hand_over(mode, mix);
		assert_true(in_process_now(t) - progress < STUCK);
	}
}

static void measure(const struct pcie_link *link, enum mode mode, const struct size_mix *mix)
{
	struct pcie_load load = { 0 };
	uint64_t inner = 0, begin, cycles, begin_bytes;
	struct sim_stats before, after;
	uint32_t packets, begin_packets;
	const char *way;
	double bound, link_bound;

	for (unsigned int i = 0; i < mix->count; i++) {
		uint32_t len = mix->inner[i], esp = espalier_plain_len(len);

		inner += len;
		if (mode != DECAP)
			pcie_load_packet(&load, link, len, esp);
		if (mode != ENCAP)
			pcie_load_packet(&load, link, esp, len);
	}
	bound = pcie_bound(&load, link, &way) / (mix->count * (mode == BOTH ? 2 : 1));
	link_bound = pcie_link_bound(&load, link) / (mix->count * (mode == BOTH ? 2 : 1));
	packets = (uint32_t)(RUN_CYCLES / bound);
	packets = packets > MAX_PACKETS ? MAX_PACKETS : packets;

	made = finished = 0;
	hand_over(mode, mix);
	run_until(WARM_UP < packets ? WARM_UP : packets, mode, mix, true);
	begin = in_process_now(t);
	begin_packets = finished;
	begin_bytes = finished_bytes;
	before = *in_process_stats(t);
	run_until(begin_packets + packets, mode, mix, true);
	cycles = in_process_now(t) - begin;
	after = *in_process_stats(t);
	packets = finished - begin_packets;
	printf("{\"link\": \"%s\", \"direction\": \"%s\", \"inner_bytes\": %u, \"mix\": \"%s\", \"packets\": %u, \"cycles_per_packet\": %.3f, "
	       "\"bound\": %.3f, \"bound_by\": \"%s\", \"link_bound\": %.3f, \"of_bound\": %.3f, \"of_link_bound\": %.3f, "
	       "\"inner_bytes_per_cycle\": %.2f, \"reads_per_packet\": %.3f, \"writes_per_packet\": %.3f}\n",
	       link->name, mode_names[mode], (unsigned int)(inner / mix->count), mix->name, packets, (double)cycles / packets, bound, way,
	       link_bound, bound * packets / (double)cycles, link_bound * packets / (double)cycles,
	       (double)(finished_bytes - begin_bytes) / (double)cycles, (double)(after.dma_reads - before.dma_reads) / packets,
	       (double)(after.dma_writes - before.dma_writes) / packets);
	fflush(stdout);
	run_until(made, mode, mix, false);
}

static struct size_mix mixes[16] = {
	{ "", 1, { 40 } }, { "", 1, { 64 } }, { "", 1, { 128 } }, { "", 1, { 256 } }, { "", 1, { 512 } }, { "", 1, { 1024 } },
	{ "", 1, { 1446 } }, { "", 1, { 9000 } }, { "imix", 12, { 40, 576, 40, 40, 576, 40, 1500, 40, 576, 40, 40, 576 } },
};
static unsigned int mix_count = 9;

static void bench(void **state)
{
	/* 16 lanes of 8 or 16 GT/s, 4 ns a cycle */
	static const struct pcie_link links[] = {
		{ "gen3x16", 8 * 16 * 128.0 / 130 / 8 * 4, 256, 512, BURST },
		{ "gen4x16", 16 * 16 * 128.0 / 130 / 8 * 4, 256, 512, BURST },
	};

	(void)state;
	for (unsigned int l = 0; l < sizeof(links) / sizeof(links[0]); l++) {
		open_card(&links[l]);
		for (enum mode mode = ENCAP; mode < MODES; mode++)
			for (unsigned int i = 0; i < mix_count; i++)
				measure(&links[l], mode, &mixes[i]);
		close_card();
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(bench) };

	if (argc > 1)
		completions = argv[1];
	if (argc > 2) {
		mix_count = 0;
		for (int i = 2; i < argc && mix_count < sizeof(mixes) / sizeof(mixes[0]); i++) {
			int len = atoi(argv[i]);

			if (len < 20 || len > 9000) {
				fprintf(stderr, "usage: bench_rings [COMPLETIONS [SIZE...]], sizes 20 to 9000\n");
				return 2;
			}
			mixes[mix_count++] = (struct size_mix){ "", 1, { (uint32_t)len } };
		}
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
