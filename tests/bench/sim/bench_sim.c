/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast the simulated card runs: cycles and packets per second of the simulator's CPU time, both engines flooded through the rings.
 *
 *     bench_sim DEVICE PID SECONDS
 *
 * DEVICE names a card that process PID simulates. Each load runs until PID has used SECONDS of CPU time; one line of JSON a load.
 * Every packet is checked: status, length, and each byte against OpenSSL. The first wrong one ends the bench with status 1.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "rings.h"

#define DEPTH 1024u /* packets in flight of each direction */
#define SAS 64u	    /* of each direction; another one with every packet */
#define PLACE 2048u /* bytes of a packet's place */
#define PAUSE_US 1000

/* One direction's traffic: DEPTH places, each with an operation that goes round and round. */
struct flow {
	enum espalier_direction direction;
	struct espalier_queue *queue;
	struct espalier_sa_config sas[SAS];
	uint16_t index[SAS];
	uint64_t sent[SAS]; /* outbound: last number */
	struct espalier_mem src, dst;
	struct espalier_op ops[DEPTH];
	uint32_t inner_len;
	uint64_t done;
};

struct moment {
	uint64_t cycles;
	double cpu, wall;
};

static struct espalier_dev *dev;
static clockid_t sim_clock;
static struct flow flows[2];

static void die(const char *what)
{
	fprintf(stderr, "bench_sim: %s: %s\n", what, espalier_error(dev));
	exit(EXIT_FAILURE);
}

static double seconds(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t))
		die("the simulator is gone");
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static struct moment now(void)
{
	struct moment m = { .cpu = seconds(sim_clock), .wall = seconds(CLOCK_MONOTONIC) };

	if (espalier_cycles(dev, &m.cycles))
		die("cycles");
	return m;
}

static void setup(struct flow *f, enum espalier_direction direction)
{
	f->direction = direction;
	for (uint32_t i = 0; i < SAS; i++) {
		f->sas[i] = test_sa(direction, direction * SAS + i);
		f->sas[i].replay_window = 0; /* the same packets come again and again */
		if (espalier_sa_add(dev, &f->sas[i], &f->index[i]))
			die("SA");
	}
	if (espalier_queue_create(dev, DEPTH, &f->queue) || espalier_dma_alloc(dev, DEPTH * PLACE, &f->src) ||
	    espalier_dma_alloc(dev, DEPTH * PLACE, &f->dst))
		die("queue");
}

/* What goes in and what must come out of place i; buffers of PLACE bytes. Returns the lengths. */
static uint32_t packets(struct flow *f, uint32_t i, uint64_t number, uint8_t *inner, uint8_t *sealed)
{
	make_inner(inner, f->inner_len, i);
	return make_esp(sealed, &f->sas[i % SAS], number, inner, f->inner_len);
}

static void fill(struct flow *f, uint32_t inner_len)
{
	uint8_t inner[PLACE], sealed[PLACE];

	f->inner_len = inner_len;
	f->done = 0;
	for (uint32_t i = 0; i < DEPTH; i++) {
		uint32_t len = packets(f, i, 1 + i / SAS, inner, sealed);
		bool out = f->direction == ESPALIER_OUTBOUND;

		memcpy((uint8_t *)f->src.va + (size_t)i * PLACE, out ? inner : sealed, out ? inner_len : len);
		f->ops[i] = (struct espalier_op){
			.src = f->src.iova + (uint64_t)i * PLACE,
			.dst = f->dst.iova + (uint64_t)i * PLACE,
			.src_len = (uint16_t)(out ? inner_len : len),
			.dst_capacity = PLACE,
			.opcode = out ? ESP_OPCODE_ENCAP : ESP_OPCODE_DECAP,
			.sa = out ? f->index[i % SAS] : 0,
			.cookie = i,
		};
	}
}

static void check(struct flow *f, const struct espalier_op *op)
{
	uint32_t i = (uint32_t)op->cookie, len = f->inner_len;
	bool out = f->direction == ESPALIER_OUTBOUND;
	uint8_t inner[PLACE], sealed[PLACE];
	const uint8_t *expected = inner;

	if (out) {
		len = packets(f, i, ++f->sent[i % SAS], inner, sealed);
		expected = sealed;
	} else {
		make_inner(inner, len, i);
	}
	if (op->status == ESP_STATUS_OK && op->out_len == len && !memcmp((uint8_t *)f->dst.va + (size_t)i * PLACE, expected, len))
		return;
	fprintf(stderr, "bench_sim: %s of %u bytes: status %s, %u bytes, or wrong bytes\n", out ? "encapsulation" : "decapsulation",
		f->inner_len, espalier_status_name(op->status), op->out_len);
	exit(EXIT_FAILURE);
}

static void submit(struct flow *f, struct espalier_op *const *ops, unsigned int count)
{
	if (count && espalier_enqueue_burst(f->queue, ops, count) != (int)count)
		die("enqueue");
}

static void start(struct flow *f)
{
	struct espalier_op *ops[DEPTH];

	for (unsigned int i = 0; i < DEPTH; i++)
		ops[i] = &f->ops[i];
	submit(f, ops, DEPTH);
}

/* Takes what is finished, and sends it again. */
static void turn(struct flow *f, bool again)
{
	struct espalier_op *ops[DEPTH];
	int n = espalier_dequeue_burst(f->queue, ops, DEPTH);

	if (n < 0)
		die("dequeue");
	for (int i = 0; i < n; i++)
		check(f, ops[i]);
	f->done += (unsigned int)n;
	if (again)
		submit(f, ops, (unsigned int)n);
}

static void print_row(const char *load, uint32_t inner_len, uint64_t count, struct moment from, struct moment to)
{
	double cpu = to.cpu - from.cpu, cycles = (double)(to.cycles - from.cycles);

	printf("{\"load\": \"%s\", \"inner_bytes\": %u, \"packets\": %llu, \"cycles\": %.0f, \"cpu_seconds\": %.2f, \"wall_seconds\": %.2f, "
	       "\"cycles_per_cpu_second\": %.0f, \"packets_per_cpu_second\": %.0f, \"cycles_per_packet\": %.2f}\n",
	       load, inner_len, (unsigned long long)count, cycles, cpu, to.wall - from.wall, cycles / cpu, (double)count / cpu,
	       count ? cycles / (double)count : 0.0);
	fflush(stdout);
}

/* The load of flows first to last with packets of inner_len bytes. The clock starts when each packet has been round once. */
static void load(const char *name, unsigned int first, unsigned int last, uint32_t inner_len, double limit)
{
	struct moment from = { .cpu = -1 }, to;
	uint64_t before = 0, count;

	for (unsigned int d = first; d <= last; d++) {
		fill(&flows[d], inner_len);
		start(&flows[d]);
	}
	do {
		bool warm = true;

		usleep(PAUSE_US);
		count = 0;
		for (unsigned int d = first; d <= last; d++) {
			turn(&flows[d], true);
			count += flows[d].done;
			warm = warm && flows[d].done >= DEPTH;
		}
		if (from.cpu < 0 && warm) {
			from = now();
			before = count;
		}
	} while (from.cpu < 0 || seconds(sim_clock) - from.cpu < limit);
	to = now();
	print_row(name, inner_len, count - before, from, to);
	for (unsigned int d = first; d <= last; d++)
		while (espalier_queue_in_flight(flows[d].queue)) {
			usleep(PAUSE_US);
			turn(&flows[d], false);
		}
}

/* Nothing but register reads: what a simulator costs that only waits. */
static void registers(double limit)
{
	struct moment from = now(), to;

	do
		to = now();
	while (to.cpu - from.cpu < limit);
	print_row("registers", 0, 0, from, to);
}

int main(int argc, char **argv)
{
	char error[ESPALIER_ERROR_LEN] = "";
	double limit = argc == 4 ? atof(argv[3]) : 0;

	if (limit <= 0 || clock_getcpuclockid(atoi(argv[2]), &sim_clock)) {
		fprintf(stderr, "Usage: bench_sim DEVICE PID SECONDS\n");
		return 2;
	}
	if (espalier_open(argv[1], NULL, &dev, error)) {
		fprintf(stderr, "bench_sim: %s\n", error);
		return 1;
	}
	setup(&flows[ESPALIER_OUTBOUND], ESPALIER_OUTBOUND);
	setup(&flows[ESPALIER_INBOUND], ESPALIER_INBOUND);
	registers(limit);
	load("encap", 0, 0, 64, limit);
	load("decap", 1, 1, 64, limit);
	load("both", 0, 1, 64, limit);
	load("both", 0, 1, 1446, limit);
	for (unsigned int d = 0; d < 2; d++)
		espalier_queue_destroy(flows[d].queue);
	espalier_close(dev);
	return 0;
}
