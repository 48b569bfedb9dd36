/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same packets through the card, the software reference (OpenSSL) and intel-ipsec-mb. Prints a JSON object a line.
 *
 *   bench_software compare DEVICE...   results of all devices compared with the first's, byte for byte; clock cycles of those with a clock.
 *                                      The exit status is 1 when a byte differs
 *   bench_software time                OpenSSL and ipsec-mb: the best of many short runs
 *   bench_software versions            of both libraries
 */
#include <intel-ipsec-mb.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mb_backend.h"
#include "mb_cipher.h"
#include "software/software.h"
#include "station.h"
#include "tsc.h"

#define SAS 64u
#define BURST 32u
#define COMPARE_BYTES 800000u /* of inner packets: a simulated card is slow */
#define TIME_BYTES 500000u    /* in and out stay in the second level cache of a core */
#define TIME_SECONDS 0.02     /* for each figure, again in every round of software_report.py */
#define CORES 2

static const char *const direction_names[] = { "encap", "decap" };
static const uint8_t key_lens[] = { 16, 32 };

/* ---- compare ---- */

/* Packets of b that are not as those of a. */
static unsigned int differences(const struct station *a, const struct station *b, enum espalier_direction direction)
{
	unsigned int wrong = 0;

	for (unsigned int i = 0; i < a->packets; i++) {
		uint16_t len = a->op[direction][i].out_len;

		wrong += b->op[direction][i].out_len != len || memcmp(station_result(a, direction, i), station_result(b, direction, i), len);
	}
	return wrong;
}

/* Packets that did not come back as they were. */
static unsigned int changed(const struct station *s)
{
	unsigned int wrong = 0;

	for (unsigned int i = 0; i < s->packets; i++) {
		const uint8_t *inner = (const uint8_t *)s->inner.va + (s->op[0][i].src - s->inner.iova);

		wrong += s->op[1][i].out_len != s->op[0][i].src_len || memcmp(station_result(s, ESPALIER_INBOUND, i), inner, s->op[0][i].src_len);
	}
	return wrong;
}

static unsigned int compare_one(struct station *s, const struct station *first, enum espalier_direction direction)
{
	unsigned int wrong;
	uint64_t begin = 0, end = 0;

	espalier_cycles(s->dev, &begin);
	station_run(s, direction, s->packets);
	espalier_cycles(s->dev, &end);
	wrong = differences(first, s, direction) + (direction == ESPALIER_INBOUND ? changed(s) : 0);
	printf("{\"what\": \"%s\", \"direction\": \"%s\", \"key_bits\": %u, \"size\": \"%s\", \"inner_bytes\": %.2f, \"sas\": %u, \"packets\": %u, "
	       "\"differences\": %u",
	       s->info.simulated ? "card" : s->device, direction_names[direction], s->key_len * 8u, s->workload->name,
	       (double)workload_bytes(s->workload, s->packets) / s->packets, s->sas, s->packets, wrong);
	if (end != begin)
		printf(", \"card_cycles_per_packet\": %.3f", (double)(end - begin) / s->packets);
	printf("}\n");
	fflush(stdout);
	return wrong;
}

static unsigned int compare(char **devices, int count)
{
	struct station *s = calloc((size_t)count, sizeof(*s));
	unsigned int wrong = 0;

	if (!s)
		die("compare", "out of memory");
	for (int d = 0; d < count; d++)
		station_open(&s[d], devices[d]);
	for (unsigned int w = 0; w < WORKLOADS; w++)
		for (unsigned int k = 0; k < sizeof(key_lens); k++) {
			for (int d = 0; d < count; d++)
				station_load(&s[d], &workloads[w], workload_packets(&workloads[w], COMPARE_BYTES), key_lens[k], SAS);
			for (int direction = 0; direction < 2; direction++)
				for (int d = 0; d < count; d++)
					wrong += compare_one(&s[d], &s[0], (enum espalier_direction)direction);
		}
	for (int d = 0; d < count; d++)
		station_close(&s[d]);
	free(s);
	return wrong;
}

/* ---- time ---- */

static double hz;

static void print_time(const char *what, int direction, uint8_t key_len, const struct workload *w, unsigned int packets, unsigned int sas,
		       unsigned int burst, int cores, double packets_per_cycle)
{
	double bytes = (double)workload_bytes(w, packets) / packets;

	printf("{\"what\": \"%s\", \"direction\": \"%s\", \"key_bits\": %u, \"size\": \"%s\", \"inner_bytes\": %.2f, \"sas\": %u, \"burst\": %u, "
	       "\"cores\": %d, \"packets\": %u, \"tsc_mhz\": %.1f, \"tsc_cycles_per_packet\": %.1f, \"tsc_cycles_per_byte\": %.3f, "
	       "\"gbit_s\": %.3f, \"mpps\": %.3f}\n",
	       what, direction_names[direction], key_len * 8u, w->name, bytes, sas, burst, cores, packets, hz / 1e6, cores / packets_per_cycle,
	       cores / packets_per_cycle / bytes, packets_per_cycle * hz * bytes * 8 / 1e9, packets_per_cycle * hz / 1e6);
	fflush(stdout);
}

/* Inbound SAs that have seen no number yet: the same packets may come again. */
static uint64_t fresh_run(struct station *s, enum espalier_direction direction, unsigned int burst)
{
	if (direction == ESPALIER_INBOUND)
		station_renew(s, ESPALIER_INBOUND);
	return station_run(s, direction, burst);
}

static void time_one(struct station *s, enum espalier_direction direction, unsigned int burst)
{
	uint64_t best = UINT64_MAX;
	double end = tsc_seconds() + TIME_SECONDS;

	do {
		uint64_t cycles = fresh_run(s, direction, burst);

		best = cycles < best ? cycles : best;
	} while (tsc_seconds() < end);
	print_time(s->device, direction, s->key_len, s->workload, s->packets, s->sas, burst, 1, (double)s->packets / (double)best);
}

/* Encapsulation comes first: it leaves what decapsulation takes. */
static void time_both(struct station *s, const struct workload *w, uint8_t key_len, unsigned int sas, unsigned int burst)
{
	station_load(s, w, workload_packets(w, TIME_BYTES), key_len, sas);
	time_one(s, ESPALIER_OUTBOUND, burst);
	time_one(s, ESPALIER_INBOUND, burst);
}

static void time_device(const char *device)
{
	static const unsigned int bursts[] = { 1, 8, 128 };
	static struct station s;

	station_open(&s, device);
	for (unsigned int w = 0; w < WORKLOADS; w++) {
		for (unsigned int k = 0; k < sizeof(key_lens); k++)
			time_both(&s, &workloads[w], key_lens[k], SAS, BURST);
		for (unsigned int b = 0; b < 3; b++)
			time_both(&s, &workloads[w], 16, SAS, bursts[b]);
		time_both(&s, &workloads[w], 16, 1, BURST);
	}
	station_close(&s);
}

static void time_cipher(void)
{
	for (unsigned int w = 0; w < WORKLOADS; w++)
		for (unsigned int k = 0; k < sizeof(key_lens); k++)
			for (int direction = 0; direction < 2; direction++) {
				unsigned int packets = workload_packets(&workloads[w], TIME_BYTES);
				uint64_t best = UINT64_MAX;
				double end = tsc_seconds() + TIME_SECONDS;

				do {
					uint64_t cycles = mb_cipher_run(&workloads[w], packets, key_lens[k], SAS, direction == ESPALIER_OUTBOUND);

					best = cycles < best ? cycles : best;
				} while (tsc_seconds() < end);
				print_time("ipsec-mb cipher only", direction, key_lens[k], &workloads[w], packets, SAS, 1, 1,
					   (double)packets / (double)best);
			}
}

/* ---- one thread a core, each with a device of its own ---- */

struct worker {
	pthread_t thread;
	struct station station;
	const char *device;
	pthread_barrier_t *barrier;
	int core;
	enum espalier_direction direction;
	uint64_t cycles; /* of the last round */
	bool end;
};

static void *work(void *argument)
{
	struct worker *worker = argument;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(worker->core, &set);
	sched_setaffinity(0, sizeof(set), &set);
	for (;;) {
		pthread_barrier_wait(worker->barrier); /* the round is set up */
		if (worker->end)
			return NULL;
		if (worker->direction == ESPALIER_INBOUND)
			station_renew(&worker->station, ESPALIER_INBOUND);
		pthread_barrier_wait(worker->barrier); /* all begin */
		worker->cycles = station_run(&worker->station, worker->direction, BURST);
		pthread_barrier_wait(worker->barrier); /* all have ended */
	}
}

/* The sum of the workers' rates in a round; the best round. */
static void time_round(struct worker *workers, const struct workload *w, uint8_t key_len, enum espalier_direction direction)
{
	pthread_barrier_t *barrier = workers[0].barrier;
	double best = 0, end = tsc_seconds() + TIME_SECONDS;
	unsigned int packets = workers[0].station.packets;

	for (int i = 0; i < CORES; i++)
		workers[i].direction = direction;
	do {
		double rate = 0;

		for (int phase = 0; phase < 3; phase++)
			pthread_barrier_wait(barrier);
		for (int i = 0; i < CORES; i++)
			rate += (double)packets / (double)workers[i].cycles;
		best = rate > best ? rate : best;
	} while (tsc_seconds() < end);
	print_time(workers[0].device, direction, key_len, w, packets, SAS, BURST, CORES, best);
}

static void time_cores(const char *device)
{
	static struct worker workers[CORES];
	pthread_barrier_t barrier;
	cpu_set_t set;
	int core = -1;

	sched_getaffinity(0, sizeof(set), &set);
	if (CPU_COUNT(&set) < CORES)
		return;
	pthread_barrier_init(&barrier, NULL, CORES + 1);
	for (int i = 0; i < CORES; i++) {
		do
			core++;
		while (!CPU_ISSET(core, &set));
		memset(&workers[i], 0, sizeof(workers[i]));
		workers[i].device = device;
		workers[i].barrier = &barrier;
		workers[i].core = core;
		station_open(&workers[i].station, device);
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			die(device, "no thread");
	}
	for (unsigned int w = 0; w < WORKLOADS; w++)
		for (unsigned int k = 0; k < sizeof(key_lens); k++) {
			for (int i = 0; i < CORES; i++)
				station_load(&workers[i].station, &workloads[w], workload_packets(&workloads[w], TIME_BYTES), key_lens[k], SAS);
			time_round(workers, &workloads[w], key_lens[k], ESPALIER_OUTBOUND);
			time_round(workers, &workloads[w], key_lens[k], ESPALIER_INBOUND);
		}
	for (int i = 0; i < CORES; i++)
		workers[i].end = true;
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < CORES; i++) {
		pthread_join(workers[i].thread, NULL);
		station_close(&workers[i].station);
	}
	pthread_barrier_destroy(&barrier);
}

int main(int argc, char **argv)
{
	if (espalier_software_register() || mb_backend_register())
		die("backends", "no room");
	if (argc >= 3 && !strcmp(argv[1], "compare"))
		return compare(argv + 2, argc - 2) != 0;
	if (argc == 2 && !strcmp(argv[1], "versions")) {
		printf("{\"openssl\": \"%s\", \"ipsec-mb\": \"%s\"}\n", OpenSSL_version(OPENSSL_VERSION_STRING), imb_get_version_str());
		return 0;
	}
	if (argc != 2 || strcmp(argv[1], "time"))
		die("usage", "bench_software compare DEVICE... | time | versions");
	hz = tsc_hz();
	time_device("software");
	time_device("ipsec-mb");
	time_cipher();
	time_cores("software");
	time_cores("ipsec-mb");
	return 0;
}
