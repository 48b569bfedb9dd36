// SPDX-License-Identifier: Apache-2.0
/*
 * DELETE on the whole card, whatever its host does: with bus mastering off, a link that takes nothing, a completion ring that is full, reads that
 * nobody answers. Packets of both directions are under way. It ends, no bit of the keys is left in the model, and the commands of other SAs go on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "card.h"
#include "decap_oracle.h"
#include "device.h"
#include "espalier_regs.h"
#include "options.h"
#include "ring.h"
#include "secrets.h"

#define IOVA 0x7f0000000000ull
#define MEMORY 0x100000u
#define SQ 0u
#define CQ 0x8000u
#define SRC 0x10000u
#define DST 0x80000u
#define PLACE 2048u /* bytes of a packet's place */
#define PACKETS 128u
#define OUT 3u /* the index of the outbound SA, of the inbound one, of one that comes later */
#define IN 7u
#define OTHER 9u
#define COMMAND_CYCLES 20000u /* far more than any command takes */

static struct sim_options opt;
static struct device dev;
static uint8_t *memory;
static int memory_fd;
static struct rng rng;
static struct decap_sa out_sa, in_sa, other_sa;

static void put(uint32_t offset, uint32_t v)
{
	device_write(&dev, offset, &v, 4);
}

static uint32_t get(uint32_t offset)
{
	uint32_t v;

	device_read(&dev, offset, &v, 4);
	return v;
}

static void run(unsigned int cycles)
{
	device_run(&dev, cycles);
	assert_false(dev.violation.raised);
}

static void set_command(uint8_t command)
{
	assert_int_equal(device_config_write(&dev, 4, &command, 1), 0);
}

static int setup(void **state)
{
	(void)state;
	memory_fd = memfd_create("test", 0);
	if (ftruncate(memory_fd, MEMORY))
		return -1;
	memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd, 0);
	options_defaults(&opt);
	rng.state = 20260101;
	return memory == MAP_FAILED ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	device_close(&dev);
	card_close();
	munmap(memory, MEMORY);
	close(memory_fd);
	return 0;
}

/* ---- SAs ---------------------------------------------------------------------------------------------------------------------------------- */

static void make_sa(struct decap_sa *sa, unsigned int key_len)
{
	memset(sa, 0, sizeof(*sa));
	sa->key_len = key_len;
	for (unsigned int i = 0; i < key_len; i++)
		sa->key[i] = (uint8_t)rng_next(&rng);
	for (unsigned int i = 0; i < 4; i++)
		sa->salt[i] = (uint8_t)rng_next(&rng);
	sa->spi = 256 + (uint32_t)rng_next(&rng) % 100000;
	sa->dst = 0xc0000202;
	sa->window = 64;
}

static void stage_key(const struct decap_sa *sa)
{
	for (unsigned int i = 0; i < sa->key_len; i += 8)
		device_write(&dev, ESP_REG_SA_KEY + i, sa->key + i, 8);
	device_write(&dev, ESP_REG_SA_SALT, sa->salt, 4);
}

static void start_command(uint32_t op, bool inbound, uint32_t index, const struct decap_sa *sa)
{
	if (op == ESP_SA_OP_ADD) {
		stage_key(sa);
		put(ESP_REG_SA_SPI, sa->spi);
		put(ESP_REG_SA_SRC, 0xc0000201);
		put(ESP_REG_SA_DST, sa->dst);
		put(ESP_REG_SA_SEQ_LO, 0);
		put(ESP_REG_SA_SEQ_HI, 0);
	}
	put(ESP_REG_SA_OPTIONS, (uint32_t)inbound | (sa->key_len / 8 - 2) << ESP_REG_SA_OPTIONS_KEY_SIZE_LSB | 64u << ESP_REG_SA_OPTIONS_TTL_LSB |
					(inbound ? 64u : 0) << ESP_REG_SA_OPTIONS_WINDOW_LSB);
	put(ESP_REG_SA_INDEX, index);
	put(ESP_REG_SA_COMMAND, op);
}

static void command(uint32_t op, bool inbound, uint32_t index, const struct decap_sa *sa)
{
	start_command(op, inbound, index, sa);
	run(COMMAND_CYCLES);
	assert_int_equal(get(ESP_REG_SA_STATE), ESP_SA_RESULT_OK); /* and not busy */
}

static unsigned int found(const struct decap_sa *sa)
{
	return secrets_found(sa->key, sa->key_len, sa->salt);
}

/* ---- packets ------------------------------------------------------------------------------------------------------------------------------- */

static size_t make_inner(uint8_t *inner, size_t len)
{
	for (size_t i = 0; i < len; i++)
		inner[i] = (uint8_t)rng_next(&rng);
	inner[0] = 0x45;
	inner[1] = 0;
	inner[2] = (uint8_t)(len >> 8);
	inner[3] = (uint8_t)len;
	return len;
}

static void plug(void)
{
	card_open(getenv("ESPALIER_TRACE"));
	device_init(&dev, &opt);
	set_command(6);
	assert_int_equal(host_memory_map(&dev.memory, IOVA, MEMORY, 0, memory_fd, HOST_MEMORY_READ | HOST_MEMORY_WRITE), 0);
	while (!(get(ESP_REG_STATUS) & 1))
		run(100);
	make_sa(&out_sa, 32);
	make_sa(&in_sa, 16);
	make_sa(&other_sa, 24);
	command(ESP_SA_OP_ADD, false, OUT, &out_sa);
	command(ESP_SA_OP_ADD, true, IN, &in_sa);
}

/* PACKETS descriptors, in both directions by turns, and a completion ring of 2^cq_log2. */
static void start_queue(unsigned int cq_log2)
{
	static uint8_t inner[PLACE], body[PLACE];
	struct ring_submission *ring = (struct ring_submission *)(void *)(memory + SQ);

	for (unsigned int i = 0; i < PACKETS; i++) {
		uint8_t *src = memory + SRC + i * PLACE;
		size_t len = make_inner(inner, 600 + 7 * i);

		if (i % 2)
			len = oracle_seal(&in_sa, i, 0, body, oracle_body(inner, len, 0, 0, 4, body), src);
		else
			memcpy(src, inner, len);
		ring[i] = (struct ring_submission){
			.src = IOVA + SRC + i * PLACE,
			.dst = IOVA + DST + i * PLACE,
			.src_len = (uint16_t)len,
			.dst_capacity = PLACE,
			.opcode = i % 2 ? ESP_OPCODE_DECAP : ESP_OPCODE_ENCAP,
			.sa = i % 2 ? 0 : OUT,
			.cookie = i,
		};
	}
	put(ESP_REG_QUEUE_SQ_BASE_LO, (uint32_t)IOVA + SQ);
	put(ESP_REG_QUEUE_SQ_BASE_HI, (uint32_t)(IOVA >> 32));
	put(ESP_REG_QUEUE_CQ_BASE_LO, (uint32_t)IOVA + CQ);
	put(ESP_REG_QUEUE_CQ_BASE_HI, (uint32_t)(IOVA >> 32));
	put(ESP_REG_QUEUE_SIZES, 7 | cq_log2 << ESP_REG_QUEUE_SIZES_CQ_LOG2_LSB);
	put(ESP_REG_QUEUE_CONTROL, 1);
	put(ESP_REG_QUEUE_SQ_TAIL, PACKETS);
	run(1);
}

static unsigned int completed(void)
{
	const struct ring_completion *ring = (const struct ring_completion *)(const void *)(memory + CQ);
	unsigned int n = 0;

	while (n < PACKETS && ring[n].flags & RING_COMPLETION_PHASE)
		n++;
	return n;
}

static void run_until_completed(unsigned int n)
{
	for (unsigned int i = 0; i < 100000 && completed() < n; i++)
		run(1);
	assert_in_range(completed(), n, PACKETS - 8);
}

/* Both SAs go, another comes and goes, and nothing of any is left. */
static void sas_go(void)
{
	assert_true(found(&out_sa) >= 15 && found(&in_sa) >= 11);
	command(ESP_SA_OP_DELETE, false, OUT, &out_sa);
	assert_int_equal(found(&out_sa), 0);
	command(ESP_SA_OP_DELETE, true, IN, &in_sa);
	assert_int_equal(found(&in_sa), 0);
	for (unsigned int inbound = 0; inbound < 2; inbound++) {
		command(ESP_SA_OP_ADD, inbound, OTHER, &other_sa);
		command(ESP_SA_OP_QUERY, inbound, OTHER, &other_sa);
		assert_true(found(&other_sa) >= 13);
		command(ESP_SA_OP_DELETE, inbound, OTHER, &other_sa);
		assert_int_equal(found(&other_sa), 0);
	}
	assert_int_equal(get(ESP_REG_SA_OUT_COUNT), 0);
	assert_int_equal(get(ESP_REG_SA_IN_COUNT), 0);
}

/* ---- what the host does --------------------------------------------------------------------------------------------------------------------- */

static void test_bus_mastering_off(void **state)
{
	(void)state;
	plug();
	start_queue(8);
	run_until_completed(20);
	set_command(2);
	sas_go();
}

/* The completion ring has 16 places and nobody takes one out: the card fetches no more, and the rest of the descriptors waits. */
static void test_full_queue(void **state)
{
	(void)state;
	plug();
	start_queue(4);
	run_until_completed(16);
	run(20000);
	assert_int_equal(completed(), 16);
	sas_go();
}

/* From some read on the host answers none: packets wait for their bytes. */
static void test_no_answers(void **state)
{
	char err[256];

	(void)state;
	opt.fault_count = 1;
	assert_int_equal(fault_parse("nocredits:nth=40", &opt.faults[0], err, sizeof err), 0);
	plug();
	start_queue(8);
	run(5000);
	assert_in_range(completed(), 1, PACKETS - 8);
	sas_go();
}

/*
 * RQ is never ready. Then no register can be read, either, for a read waits for the writes before it; but commands are taken, and end: what the model
 * holds shows it. When the link moves again the host can read that all is well.
 */
static void test_stalled_link(void **state)
{
	uint64_t free_at;

	(void)state;
	plug();
	start_queue(8);
	run_until_completed(20);
	free_at = dev.rc.up.free_at;
	dev.rc.up.free_at = UINT64_MAX; /* rc_accepts */
	run(20000);
	assert_true(*card_ports()->rq.tvalid && !*card_ports()->rq.tready);
	assert_true(found(&out_sa) >= 15 && found(&in_sa) >= 11);
	start_command(ESP_SA_OP_DELETE, false, OUT, &out_sa);
	run(COMMAND_CYCLES);
	assert_int_equal(found(&out_sa), 0);
	start_command(ESP_SA_OP_DELETE, true, IN, &in_sa);
	run(COMMAND_CYCLES);
	assert_int_equal(found(&in_sa), 0);
	for (unsigned int inbound = 0; inbound < 2; inbound++) {
		start_command(ESP_SA_OP_ADD, inbound, OTHER, &other_sa);
		run(COMMAND_CYCLES);
		assert_true(found(&other_sa) >= 13);
		start_command(ESP_SA_OP_DELETE, inbound, OTHER, &other_sa);
		run(COMMAND_CYCLES);
		assert_int_equal(found(&other_sa), 0);
	}
	assert_true(*card_ports()->rq.tvalid && !*card_ports()->rq.tready);
	dev.rc.up.free_at = free_at;
	run(COMMAND_CYCLES);
	assert_int_equal(get(ESP_REG_SA_STATE), ESP_SA_RESULT_OK);
	assert_int_equal(get(ESP_REG_SA_OUT_COUNT), 0);
	assert_int_equal(get(ESP_REG_SA_IN_COUNT), 0);
	for (unsigned int i = 0; i < 100000 && completed() < PACKETS; i++)
		run(1);
	assert_int_equal(completed(), PACKETS); /* none is lost */
}

/* Reset in place of DELETE, in traffic, and with a key that was just written: the last write stands in no register. */
static void test_reset(void **state)
{
	(void)state;
	for (unsigned int round = 0; round < 2; round++) {
		plug();
		start_queue(8);
		run_until_completed(20);
		if (round)
			stage_key(&other_sa);
		else
			device_write(&dev, ESP_REG_SA_KEY, other_sa.key, 8);
		run(200);
		assert_true(found(&other_sa));
		device_reset(&dev);
		memset(card_ports()->cq.tdata, 0, 64); /* what the host wrote stands on the pins yet */
		run(COMMAND_CYCLES);
		assert_int_equal(found(&out_sa) + found(&in_sa) + found(&other_sa), 0);
		if (!round) {
			assert_int_equal(teardown(state), 0);
			assert_int_equal(setup(state), 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bus_mastering_off, setup, teardown), cmocka_unit_test_setup_teardown(test_full_queue, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_answers, setup, teardown),	   cmocka_unit_test_setup_teardown(test_stalled_link, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reset, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
