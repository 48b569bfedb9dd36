// SPDX-License-Identifier: Apache-2.0
/*
 * bench_engine: cycles a packet and latency of both engines, running at once on one SA manager, in the steady state: each sender always
 * offers, each receiver always takes, the SA changes with every packet. Prints a JSON object a line. The bus limit of a packet is
 * ceil(bytes of its wider side / bytes of a beat); the wider side is the ESP packet, out of encapsulation and into decapsulation.
 * A row of one SA is also the test of every loop from a packet to the next of its SA: sequence number, replay window, GHASH.
 */
#include <stdio.h>
#include "duplex.h"

#define WARM_UP_BEATS 1500 /* at the bus: the pipelines and their FIFOs are full and in step */
#define RUN_BEATS 8000

/*
 * Simple IMIX: seven packets of 40 bytes, four of 576 and one of 1500 (IP lengths: those of the inner packet), the mix that test equipment
 * names so; no standard fixes it. RFC 6985 asks for the exact sequence: this one, again and again. The other mix is ours: jumbo frames
 * between short packets.
 */
static const uint16_t imix[] = { 40, 576, 40, 576, 40, 40, 1500, 40, 576, 40, 576, 40 };
static const uint16_t jumbo[] = { 64, 1446, 64, 128, 576, 64, 1446, 40, 9000, 256, 64, 1446 };
static const uint16_t sizes[] = { 40, 64, 128, 256, 512, 1024, 1446, 9000 };
static const uint16_t smallest = 20; /* a header alone: the least that an engine accepts */
#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))

static void print(enum direction direction, const struct traffic *t, const char *mix, unsigned int commands, uint64_t packets,
		  const struct measured *alone, const struct measured *load)
{
	uint64_t limit = 0, bytes = 0;
	double cycles = (double)(load->end - load->begin) / (double)packets, bus_limit;

	for (unsigned int i = 0; i < t->count; i++) {
		limit += duplex_beats(t->sizes[i]);
		bytes += t->sizes[i];
	}
	bus_limit = (double)limit / t->count;
	printf("{\"lanes\": %u, \"sas\": %u, \"mix\": \"%s\", \"inner_bytes\": %.2f, \"sa_commands\": %u, \"direction\": \"%s\", "
	       "\"packets\": %llu, \"cycles_per_packet\": %.4f, \"bus_limit\": %.4f, \"ratio\": %.4f, "
	       "\"latency_idle\": %llu, \"latency_load_min\": %llu, \"latency_load_mean\": %.1f, \"latency_load_max\": %llu, "
	       "\"beyond_packet_idle\": %llu, \"beyond_packet_load\": %llu, \"late\": %llu, \"verified\": %llu, \"wrong\": %llu}\n",
	       duplex_lanes(), t->sas, mix, (double)bytes / t->count, commands, direction == ENCAP ? "encap" : "decap",
	       (unsigned long long)packets, cycles, bus_limit, cycles / bus_limit, (unsigned long long)alone->latency_max,
	       (unsigned long long)load->latency_min, (double)load->latency_sum / (double)packets, (unsigned long long)load->latency_max,
	       (unsigned long long)alone->beyond_max, (unsigned long long)load->beyond_max, (unsigned long long)(alone->late + load->late),
	       (unsigned long long)load->verified, (unsigned long long)(alone->wrong + load->wrong));
}

/* mix: its name, or "" */
static void row(unsigned int sas, const char *mix, const uint16_t *lens, unsigned int count, bool control)
{
	struct traffic traffic = { lens, count, sas };
	struct measured alone[DIRECTIONS], load[DIRECTIONS];
	unsigned int round = 0, commands;
	uint64_t warm_up, packets;

	for (unsigned int i = 0; i < count; i++)
		round += duplex_beats(lens[i]);
	warm_up = (WARM_UP_BEATS / round + 1) * count;
	packets = (RUN_BEATS / round + 1) * count;
	duplex_alone(&traffic, alone);
	commands = duplex_flood(&traffic, warm_up, warm_up + packets, control, load);
	for (int d = 0; d < DIRECTIONS; d++)
		print((enum direction)d, &traffic, mix, commands, packets, &alone[d], &load[d]);
	fflush(stdout);
}

int main(void)
{
	static const unsigned int sas[] = { 1, 64, DUPLEX_SAS };

	duplex_open();
	for (unsigned int i = 0; i < DUPLEX_SAS; i++)
		duplex_install((uint16_t)i);
	row(1, "", &smallest, 1, false);
	row(64, "", sizes, 1, true);
	row(64, "imix", imix, COUNT(imix), true);
	for (unsigned int s = 0; s < COUNT(sas); s++) {
		for (unsigned int i = 0; i < COUNT(sizes); i++)
			row(sas[s], "", &sizes[i], 1, false);
		row(sas[s], "imix", imix, COUNT(imix), false);
		row(sas[s], "jumbo", jumbo, COUNT(jumbo), false);
	}
	duplex_check_numbers();
	duplex_close();
	return 0;
}
