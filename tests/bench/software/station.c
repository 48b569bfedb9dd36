/* SPDX-License-Identifier: Apache-2.0 */
/* See station.h. */
#include "station.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tsc.h"

#define MEMORY (4u << 20) /* bytes, each of the three */
#define ALIGN64(x) (((x) + 63u) & ~63u)

const struct workload workloads[WORKLOADS] = {
	{ "40", false, 1, { 40 } },
	{ "64", false, 1, { 64 } },
	{ "128", false, 1, { 128 } },
	{ "256", false, 1, { 256 } },
	{ "512", false, 1, { 512 } },
	{ "1024", false, 1, { 1024 } },
	{ "1446", false, 1, { 1446 } },
	{ "9000", false, 1, { 9000 } },
	{ "IMIX", true, 12, { 40, 576, 40, 40, 576, 40, 1500, 40, 576, 40, 576, 40 } }, /* simple IMIX, IPv4 bytes: 7 x 40, 4 x 576, 1500 */
};

void die(const char *what, const char *why)
{
	fprintf(stderr, "bench_software: %s: %s\n", what, why);
	exit(1);
}

uint64_t workload_bytes(const struct workload *w, unsigned int packets)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < packets; i++)
		bytes += w->size[i % w->sizes];
	return bytes;
}

unsigned int workload_packets(const struct workload *w, uint32_t bytes)
{
	unsigned int packets = (unsigned int)(bytes * (uint64_t)w->sizes / workload_bytes(w, w->sizes));

	return (packets < PACKETS_MAX ? packets : PACKETS_MAX) / w->sizes * w->sizes;
}

void station_open(struct station *s, const char *device)
{
	char error[ESPALIER_ERROR_LEN];

	memset(s, 0, sizeof(*s));
	s->device = device;
	if (espalier_open(device, NULL, &s->dev, error))
		die(device, error);
	if (espalier_info(s->dev, &s->info) || espalier_queue_create(s->dev, PACKETS_MAX, &s->queue) ||
	    espalier_dma_alloc(s->dev, MEMORY, &s->inner) || espalier_dma_alloc(s->dev, MEMORY, &s->outer) ||
	    espalier_dma_alloc(s->dev, MEMORY, &s->back))
		die(device, espalier_error(s->dev));
}

static void remove_sas(struct station *s, enum espalier_direction direction)
{
	for (unsigned int i = 0; i < s->sas; i++)
		if (espalier_sa_delete(s->dev, direction, s->sa[direction][i]))
			die(s->device, espalier_error(s->dev));
}

void station_close(struct station *s)
{
	remove_sas(s, ESPALIER_OUTBOUND);
	remove_sas(s, ESPALIER_INBOUND);
	espalier_queue_destroy(s->queue);
	espalier_dma_free(s->dev, &s->inner);
	espalier_dma_free(s->dev, &s->outer);
	espalier_dma_free(s->dev, &s->back);
	espalier_close(s->dev);
}

/* Keys differ by SA, size of key and workload. Every second SA has extended sequence numbers. */
static void add_sas(struct station *s, enum espalier_direction direction)
{
	for (unsigned int i = 0; i < s->sas; i++) {
		struct espalier_sa_config config = {
			.direction = direction,
			.spi = 0x1000 + i,
			.src = ip_from_number(0xc0000201),
			.dst = ip_from_number(0xc6336401 + i % 16),
			.key_len = s->key_len,
			.salt = { (uint8_t)i, 0x5a, s->key_len, 0xa5 },
			.esn = i & 1,
			.ttl = 64,
			.replay_window = direction == ESPALIER_INBOUND ? 64 : 0,
		};

		for (unsigned int k = 0; k < s->key_len; k++)
			config.key[k] = (uint8_t)(k * 7 + i * 31 + (unsigned int)(s->workload - workloads) * 101);
		if (espalier_sa_add(s->dev, &config, &s->sa[direction][i]))
			die(s->device, espalier_error(s->dev));
	}
}

void station_renew(struct station *s, enum espalier_direction direction)
{
	remove_sas(s, direction);
	add_sas(s, direction);
}

/* IPv4 with varied TOS and DF; a payload that no two packets share. */
static void make_inner(uint8_t *p, uint32_t len, uint32_t n)
{
	const uint8_t header[20] = {
		0x45, (uint8_t)(n << 2), (uint8_t)(len >> 8), (uint8_t)len, 0, 0, n & 1 ? 0x40 : 0, 0, 64, 17, 0, 0, 10, 1, 0, 1, 10, 2, 0, 1,
	};
	uint32_t x = n * 2654435761u + 12345, sum = 0;

	memcpy(p, header, sizeof(header));
	for (uint32_t i = sizeof(header); i < len; i++) {
		x = x * 1664525 + 1013904223;
		p[i] = (uint8_t)(x >> 24);
	}
	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	p[10] = (uint8_t)(~sum >> 8);
	p[11] = (uint8_t)~sum;
}

void station_load(struct station *s, const struct workload *w, unsigned int packets, uint8_t key_len, unsigned int sas)
{
	uint32_t inner = 0, outer = 0;

	remove_sas(s, ESPALIER_OUTBOUND);
	remove_sas(s, ESPALIER_INBOUND);
	s->workload = w;
	s->packets = packets;
	s->key_len = key_len;
	s->sas = sas;
	add_sas(s, ESPALIER_OUTBOUND);
	add_sas(s, ESPALIER_INBOUND);
	for (unsigned int i = 0; i < packets; i++) {
		uint16_t len = w->size[i % w->sizes], wire = (uint16_t)espalier_plain_len(len);

		if (inner + len > MEMORY || outer + wire > MEMORY)
			die(w->name, "too many packets for the memory");
		make_inner((uint8_t *)s->inner.va + inner, len, i);
		s->op[0][i] = (struct espalier_op){
			.src = s->inner.iova + inner, .dst = s->outer.iova + outer, .src_len = len, .dst_capacity = wire,
			.opcode = ESP_OPCODE_ENCAP, .sa = s->sa[0][i % sas],
		};
		s->op[1][i] = (struct espalier_op){
			.src = s->outer.iova + outer, .dst = s->back.iova + outer, .src_len = wire, .dst_capacity = wire,
			.opcode = ESP_OPCODE_DECAP,
		};
		s->ops[0][i] = &s->op[0][i];
		s->ops[1][i] = &s->op[1][i];
		inner += ALIGN64(len);
		outer += ALIGN64(wire);
	}
}

uint64_t station_run(struct station *s, enum espalier_direction direction, unsigned int burst)
{
	struct espalier_op *back[PACKETS_MAX];
	uint64_t begin = tsc_now();

	for (unsigned int at = 0; at < s->packets; at += burst) {
		unsigned int count = s->packets - at < burst ? s->packets - at : burst, done = 0;

		if (espalier_enqueue_burst(s->queue, s->ops[direction] + at, count) != (int)count)
			die(s->device, espalier_error(s->dev));
		while (done < count) {
			int n = espalier_dequeue_burst(s->queue, back + done, count - done);

			if (n < 0 || (n == 0 && espalier_queue_wait(s->queue, -1)))
				die(s->device, espalier_error(s->dev));
			done += (unsigned int)n;
		}
	}
	begin = tsc_now() - begin;
	for (unsigned int i = 0; i < s->packets; i++)
		if (s->op[direction][i].status != ESP_STATUS_OK)
			die(s->device, espalier_status_name(s->op[direction][i].status));
	return begin;
}

const uint8_t *station_result(const struct station *s, enum espalier_direction direction, unsigned int i)
{
	const struct espalier_mem *mem = direction == ESPALIER_OUTBOUND ? &s->outer : &s->back;

	return (const uint8_t *)mem->va + (s->op[direction][i].dst - mem->iova);
}
