/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the driver itself costs a packet, on a card that answers at once (null_card.h).
 *
 *   bench_driver rings                        time, all patterns; a JSON object a line
 *   bench_driver count PATTERN BURST PACKETS  run a pattern, for a tool that counts instructions
 *   bench_driver sas DEVICE                   time and, if the device has a clock, cycles to add and to delete SAs
 *
 * Patterns: "ready"  submit a burst of operations that are ready, poll until it is back; again
 *           "built"  the same, each operation written anew
 *           "filled" submit in bursts until the queue is full, then poll in bursts until it is empty
 *           "device" the null card alone: what the doorbell's write costs that completes a burst
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "null_card.h"
#include "software/software.h"
#include "tsc.h"

#define DEPTH_MAX 2048u /* as DPDK's dpdk-test-crypto-perf has it */
#define DEPTH_USUAL 256u /* as the command espalier has it */
#define PACKET 64u
#define SAMPLES 60
#define SAMPLE_PACKETS 32768u

struct bench {
	struct espalier_dev *dev;
	struct espalier_queue *queue;
	unsigned int depth;
	struct espalier_op op[DEPTH_MAX];
	struct espalier_op *ops[DEPTH_MAX];
};

struct pattern {
	const char *name;
	void (*run)(struct bench *b, unsigned int burst, unsigned int packets, uint64_t cycles[2]); /* cycles: submit, poll */
};

static void die(const char *what, const char *why)
{
	fprintf(stderr, "bench_driver: %s: %s\n", what, why);
	exit(1);
}

static void open_device(struct bench *b, const char *name)
{
	char error[ESPALIER_ERROR_LEN];

	if (null_card_register() || espalier_software_register())
		die("backends", "no room");
	if (espalier_open(name, NULL, &b->dev, error))
		die(name, error);
}

static void build(struct espalier_op *op, unsigned int i)
{
	*op = (struct espalier_op){
		.src = (1ull << 32) + i * 4096ull,
		.dst = (1ull << 32) + i * 4096ull + 2048,
		.src_len = PACKET,
		.dst_capacity = 2048,
		.opcode = ESP_OPCODE_ENCAP,
		.sa = (uint16_t)i,
	};
}

static void open_ring(struct bench *b, unsigned int depth)
{
	open_device(b, "null");
	if (espalier_queue_create(b->dev, depth, &b->queue))
		die("queue", espalier_error(b->dev));
	b->depth = depth;
	for (unsigned int i = 0; i < depth; i++) {
		b->ops[i] = &b->op[i];
		build(&b->op[i], i);
	}
}

static void submit(struct bench *b, struct espalier_op *const *ops, unsigned int burst)
{
	if (espalier_enqueue_burst(b->queue, ops, burst) != (int)burst)
		die("enqueue", espalier_error(b->dev));
}

static void poll_burst(struct bench *b, struct espalier_op **ops, unsigned int burst)
{
	if (espalier_dequeue_burst(b->queue, ops, burst) != (int)burst || ops[0]->status != ESP_STATUS_OK)
		die("dequeue", espalier_error(b->dev));
}

static void run_ready(struct bench *b, unsigned int burst, unsigned int packets, uint64_t cycles[2])
{
	struct espalier_op *back[DEPTH_MAX];
	uint64_t begin = tsc_now();

	for (unsigned int done = 0; done < packets; done += burst) {
		submit(b, b->ops, burst);
		poll_burst(b, back, burst);
	}
	cycles[0] = tsc_now() - begin;
}

static void run_built(struct bench *b, unsigned int burst, unsigned int packets, uint64_t cycles[2])
{
	struct espalier_op *back[DEPTH_MAX];
	uint64_t begin = tsc_now();

	for (unsigned int done = 0; done < packets; done += burst) {
		for (unsigned int i = 0; i < burst; i++)
			build(&b->op[i], i);
		submit(b, b->ops, burst);
		poll_burst(b, back, burst);
	}
	cycles[0] = tsc_now() - begin;
}

static void run_filled(struct bench *b, unsigned int burst, unsigned int packets, uint64_t cycles[2])
{
	struct espalier_op *back[DEPTH_MAX];
	uint64_t begin, full;

	for (unsigned int done = 0; done < packets; done += b->depth) {
		begin = tsc_now();
		for (unsigned int n = 0; n < b->depth; n += burst)
			submit(b, b->ops + n, burst);
		full = tsc_now();
		for (unsigned int n = 0; n < b->depth; n += burst)
			poll_burst(b, back, burst);
		cycles[0] += full - begin;
		cycles[1] += tsc_now() - full;
	}
}

/* Behind the driver's back: the queue is of no use afterwards. */
static void run_device(struct bench *b, unsigned int burst, unsigned int packets, uint64_t cycles[2])
{
	struct transport *t = ((struct card *)b->dev)->t;
	uint32_t tail;
	uint64_t begin = tsc_now();

	t->ops->reg_read(t, ESP_REG_QUEUE_SQ_TAIL, &tail);
	for (unsigned int done = 0; done < packets; done += burst) {
		tail = (uint16_t)(tail + burst);
		t->ops->reg_write(t, ESP_REG_QUEUE_SQ_TAIL, tail);
	}
	cycles[0] = tsc_now() - begin;
}

static const struct pattern patterns[] = { { "ready", run_ready }, { "built", run_built }, { "filled", run_filled }, { "device", run_device } };

#define PATTERNS (sizeof(patterns) / sizeof(patterns[0]))

/* The best of the samples, each with its parts. */
static void measure(struct bench *b, const struct pattern *pattern, unsigned int burst, double hz)
{
	uint64_t best[2] = { UINT64_MAX / 2, 0 };

	for (int sample = 0; sample < SAMPLES; sample++) {
		uint64_t cycles[2] = { 0, 0 };

		pattern->run(b, burst, SAMPLE_PACKETS, cycles);
		if (cycles[0] + cycles[1] < best[0] + best[1])
			memcpy(best, cycles, sizeof(best));
	}
	printf("{\"pattern\": \"%s\", \"burst\": %u, \"depth\": %u, \"tsc_mhz\": %.1f, \"tsc_cycles\": %.2f, \"submit_tsc_cycles\": %.2f, "
	       "\"poll_tsc_cycles\": %.2f}\n",
	       pattern->name, burst, b->depth, hz / 1e6, (double)(best[0] + best[1]) / SAMPLE_PACKETS, (double)best[0] / SAMPLE_PACKETS,
	       (double)best[1] / SAMPLE_PACKETS);
}

static void bench_rings(void)
{
	static const unsigned int bursts[] = { 1, 8, 32 }, depths[] = { DEPTH_USUAL, DEPTH_MAX };
	static struct bench b;
	double hz = tsc_hz();

	for (unsigned int d = 0; d < 2; d++) {
		open_ring(&b, depths[d]);
		for (unsigned int p = 0; p < PATTERNS; p++)
			for (unsigned int i = 0; i < 3; i++)
				measure(&b, &patterns[p], bursts[i], hz);
		espalier_close(b.dev);
	}
}

static void count(const char *name, unsigned int burst, unsigned int packets)
{
	static struct bench b;
	uint64_t cycles[2] = { 0, 0 };

	if (!burst || DEPTH_MAX % burst)
		die(name, "the burst must divide the depth of the queue");
	open_ring(&b, DEPTH_MAX);
	for (unsigned int p = 0; p < PATTERNS; p++)
		if (!strcmp(patterns[p].name, name))
			patterns[p].run(&b, burst, packets, cycles);
	espalier_close(b.dev);
}

/* A round of SAs in and out again. seconds, cycles: of all additions, of all deletions. */
static void sa_round(struct bench *b, struct espalier_sa_config *config, unsigned int sas, double seconds[2], uint64_t cycles[2])
{
	static uint16_t sa[ESPALIER_SA_NONE];
	uint64_t at[3];
	double when[3];

	espalier_cycles(b->dev, &at[0]);
	when[0] = tsc_seconds();
	for (unsigned int i = 0; i < sas; i++) {
		config->spi = 0x1000 + i;
		config->key[0] = (uint8_t)i;
		if (espalier_sa_add(b->dev, config, &sa[i]))
			die("SA add", espalier_error(b->dev));
	}
	when[1] = tsc_seconds();
	espalier_cycles(b->dev, &at[1]);
	when[1] -= when[0];
	when[0] = tsc_seconds();
	for (unsigned int i = 0; i < sas; i++)
		if (espalier_sa_delete(b->dev, config->direction, sa[i]))
			die("SA delete", espalier_error(b->dev));
	when[2] = tsc_seconds() - when[0];
	espalier_cycles(b->dev, &at[2]);
	for (int i = 0; i < 2; i++) {
		seconds[i] = when[i + 1];
		cycles[i] = at[i + 1] - at[i];
	}
}

/* A simulated card's time is its clock; everything else is timed, the best of some rounds. */
static void bench_sas(const char *device)
{
	static struct bench b;
	struct espalier_info info;
	unsigned int sas, rounds;

	open_device(&b, device);
	if (espalier_info(b.dev, &info))
		die(device, espalier_error(b.dev));
	sas = info.simulated ? 64 : info.sa_capacity;
	rounds = info.simulated ? 1 : 10;
	for (int variant = 0; variant < 4; variant++) {
		struct espalier_sa_config config = {
			.direction = variant & 1 ? ESPALIER_INBOUND : ESPALIER_OUTBOUND,
			.src = ip_from_number(0xc0000201),
			.dst = ip_from_number(0xc0000202),
			.key_len = variant & 2 ? 32 : 16,
			.replay_window = variant & 1 ? 64 : 0,
		};
		double best[2] = { 1e9, 1e9 }, seconds[2];
		uint64_t cycles[2];

		for (unsigned int i = 0; i < rounds; i++) {
			sa_round(&b, &config, sas, seconds, cycles);
			for (int k = 0; k < 2; k++)
				best[k] = seconds[k] < best[k] ? seconds[k] : best[k];
		}
		for (int k = 0; k < 2; k++) {
			printf("{\"device\": \"%s\", \"call\": \"%s\", \"direction\": \"%s\", \"key_bits\": %u, \"sas\": %u, ", device,
			       k ? "delete" : "add", variant & 1 ? "inbound" : "outbound", config.key_len * 8u, sas);
			if (info.simulated)
				printf("\"card_cycles\": %.1f}\n", (double)cycles[k] / sas);
			else
				printf("\"us\": %.4f, \"per_second\": %.0f}\n", best[k] / sas * 1e6, sas / best[k]);
		}
	}
	espalier_close(b.dev);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "rings"))
		bench_rings();
	else if (argc == 5 && !strcmp(argv[1], "count"))
		count(argv[2], (unsigned int)atoi(argv[3]), (unsigned int)atoi(argv[4]));
	else if (argc == 3 && !strcmp(argv[1], "sas"))
		bench_sas(argv[2]);
	else
		die("usage", "bench_driver rings | count PATTERN BURST PACKETS | sas DEVICE");
	return 0;
}
