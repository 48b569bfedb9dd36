// SPDX-License-Identifier: Apache-2.0
// See duplex.h.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "dut.h"
#include "duplex.h"
#include "espalier_regs.h"

DUT_PORT(rst);
DUT_PORT(ready);
DUT_PORT(lanes);
DUT_PORT(cmd_valid);
DUT_PORT(cmd_ready);
DUT_PORT(cmd_op);
DUT_PORT(cmd_inbound);
DUT_PORT(cmd_index);
DUT_PORT(cmd_key);
DUT_PORT(cmd_key_size);
DUT_PORT(cmd_salt);
DUT_PORT(cmd_esn);
DUT_PORT(cmd_spi);
DUT_PORT(cmd_src);
DUT_PORT(cmd_dst);
DUT_PORT(cmd_ttl);
DUT_PORT(cmd_window);
DUT_PORT(cmd_seq);
DUT_PORT(rsp_valid);
DUT_PORT(rsp_result);
DUT_PORT(rsp_seq);

/* The ports of a direction, found once. */
#define SIDE_PORTS(PORT) \
	PORT(s_axis_tvalid) PORT(s_axis_tready) PORT(s_axis_tdata) PORT(s_axis_tlast) PORT(in_job) PORT(in_len) PORT(in_sa) \
	PORT(m_axis_tvalid) PORT(m_axis_tready) PORT(m_axis_tdata) PORT(m_axis_tlast) PORT(out_job) PORT(out_len) PORT(out_sa) PORT(out_status)
#define DECLARE(NAME) DUT_PORT(e_##NAME); DUT_PORT(d_##NAME);
#define MEMBER(NAME) void *NAME;
#define FIND(NAME) sides[ENCAP].port.NAME = dut_e_##NAME(); sides[DECAP].port.NAME = dut_d_##NAME();
SIDE_PORTS(DECLARE)

#define RING 1024 /* more packets than an engine holds */
#define BEAT_MAX 64
#define STUCK 20000 /* cycles without a beat: longer than any packet and any command */
#define SA_STRIDE 2731 /* odd: from packet to packet through all of the table */
#define SPARE_SAS 64   /* the last ones: control changes them under a flood that does not use them */
#define ENCAP_AIM 64
#define DECAP_AIM 80

struct packet {
	uint8_t in[ORACLE_MAX + BEAT_MAX], out[ORACLE_MAX + BEAT_MAX];
	size_t in_len, out_len;
	uint16_t sa;
	uint64_t seq, first_in, last_in, first_out;
};

struct side {
	struct {
		SIDE_PORTS(MEMBER)
	} port;
	struct oracle_sa sas[DUPLEX_SAS];
	uint64_t seq_out[DUPLEX_SAS]; /* last number that came out */
	struct packet ring[RING];
	uint64_t made, sent, received, limit; /* packets: made by the sender, wholly in, wholly out, to be made */
	size_t send_at, got;                  /* bytes in of packet `sent`, out of packet `received` */
	uint64_t last_out;                    /* cycle of the last beat of the packet before */
	uint64_t measure_first, measure_last;
	struct measured measured;
};

struct command {
	uint8_t op;
	enum direction direction;
	uint16_t index;
	uint64_t least; /* QUERY: the number is this or above */
	enum { NONE, OFFERED, TAKEN, ANSWERED } state;
};

static struct side sides[DIRECTIONS];
static struct command command;
static const struct traffic *traffic;
static unsigned int beat; /* bytes */
static uint64_t cycle, progress, rng = 0x9e3779b97f4a7c15;

_Noreturn static void die(const char *what)
{
	fprintf(stderr, "engine bench, %u lanes, cycle %llu: %s\n", duplex_lanes(), (unsigned long long)cycle, what);
	exit(1);
}

static uint64_t rnd(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng;
}

static void random_bytes(uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(rnd() >> 8);
}

unsigned int duplex_lanes(void)
{
	return *P8(lanes);
}

static unsigned int beats(size_t len)
{
	return (unsigned int)((len + beat - 1) / beat);
}

unsigned int duplex_beats(size_t inner_len)
{
	return beats(52 + (inner_len + 5) / 4 * 4); /* outer header, ESP header, IV, ICV; the trailer ends at a multiple of 4 */
}

/* ---- packets --------------------------------------------------------------------------------------------------------------------- */

static void make_packet(struct side *side)
{
	struct packet *p = &side->ring[side->made % RING];
	size_t len = traffic->sizes[side->made % traffic->count];
	bool decap = side == &sides[DECAP];
	uint8_t *inner = decap ? p->out : p->in, *outer = decap ? p->in : p->out;
	size_t outer_len;
	struct oracle_sa *sa;

	p->sa = (uint16_t)(side->made * SA_STRIDE % traffic->sas);
	sa = &side->sas[p->sa];
	p->seq = ++sa->seq;
	random_bytes(inner, len);
	inner[0] = (uint8_t)(0x45 + (len >= 60 ? rnd() % 11 : 0));
	inner[2] = (uint8_t)(len >> 8);
	inner[3] = (uint8_t)len;
	outer_len = oracle_encap(sa, p->seq, inner, len, outer);
	p->in_len = decap ? outer_len : len;
	p->out_len = decap ? len : outer_len;
	memset(p->in + p->in_len, 0xa5, BEAT_MAX); /* behind the packet: anything but zero */
	memset(p->out + p->out_len, 0, BEAT_MAX);
	side->made++;
}

/* Puts the next beat in front of the engine; returns whether the engine takes it with this cycle's edge. */
static bool offer(struct side *side)
{
	struct packet *p = &side->ring[side->sent % RING];
	bool valid;

	if (side->sent == side->made && side->made < side->limit)
		make_packet(side);
	valid = side->sent != side->made;
	*(uint8_t *)side->port.s_axis_tvalid = valid;
	*(uint8_t *)side->port.m_axis_tready = 1;
	if (!valid)
		return false;
	memcpy(side->port.s_axis_tdata, p->in + side->send_at, beat);
	*(uint8_t *)side->port.s_axis_tlast = side->send_at + beat >= p->in_len;
	*(uint8_t *)side->port.in_job = (uint8_t)side->sent;
	*(uint16_t *)side->port.in_len = (uint16_t)p->in_len;
	*(uint16_t *)side->port.in_sa = p->sa;
	return *(uint8_t *)side->port.s_axis_tready;
}

static void taken(struct side *side)
{
	struct packet *p = &side->ring[side->sent % RING];

	if (!side->send_at)
		p->first_in = cycle;
	p->last_in = cycle;
	side->send_at += beat;
	if (side->send_at >= p->in_len) {
		side->send_at = 0;
		side->sent++;
	}
}

/*
 * Encapsulation cuts through: the aim counts from the first beat in, and nothing may add to it: neither the FIFO in front, full because
 * the sender offers inner packets faster than the bus carries them in ESP, nor the one behind the cipher.
 * Decapsulation releases a packet as a whole, so the aim counts from the packet's last beat, and packets leave in order: one that follows
 * a longer one is not late if it leaves right behind it, the longer one having left in time.
 */
static void measure(struct side *side, const struct packet *p)
{
	struct measured *m = &side->measured;
	uint64_t latency = p->first_out - p->first_in;
	uint64_t since_last = p->first_out - p->last_in;
	unsigned int outer_beats = beats(side == &sides[DECAP] ? p->in_len : p->out_len);

	if (latency < m->latency_min)
		m->latency_min = latency;
	if (latency > m->latency_max)
		m->latency_max = latency;
	if (latency > outer_beats && latency - outer_beats > m->beyond_max)
		m->beyond_max = latency - outer_beats;
	m->latency_sum += latency;
	if (side == &sides[ENCAP])
		m->late += latency > ENCAP_AIM;
	else
		m->late += since_last > DECAP_AIM && p->first_out != side->last_out + 1;
	m->end = cycle;
}

static void complete(struct side *side)
{
	const struct packet *p = &side->ring[side->received % RING];
	bool right = *(uint8_t *)side->port.out_status == ESP_STATUS_OK && *(uint16_t *)side->port.out_len == p->out_len &&
		     *(uint16_t *)side->port.out_sa == p->sa && *(uint8_t *)side->port.out_job == (uint8_t)side->received;

	if (!right)
		side->measured.wrong++;
	side->seq_out[p->sa] = p->seq;
	if (side->received + 1 == side->measure_first)
		side->measured.begin = cycle;
	if (side->received >= side->measure_first && side->received < side->measure_last)
		measure(side, p);
	side->measured.verified++;
	side->last_out = cycle;
	side->received++;
	side->got = 0;
}

static void receive(struct side *side)
{
	struct packet *p = &side->ring[side->received % RING];
	bool last = *(uint8_t *)side->port.m_axis_tlast;

	if (side->received == side->made)
		die("a packet came out that did not go in");
	if (!side->got)
		p->first_out = cycle;
	if (memcmp(side->port.m_axis_tdata, p->out + side->got, beat))
		side->measured.wrong++;
	side->got += beat;
	if (last != (side->got >= p->out_len))
		die("a packet came out with another length");
	if (last)
		complete(side);
	progress = cycle;
}

/* ---- SA commands ------------------------------------------------------------------------------------------------------------------- */

static void begin_command(uint8_t op, enum direction direction, uint16_t index)
{
	const struct oracle_sa *sa = &sides[direction].sas[index];

	command.op = op;
	command.direction = direction;
	command.index = index;
	command.least = sides[direction].seq_out[index];
	command.state = OFFERED;
	*P8(cmd_valid) = 1;
	*P8(cmd_op) = op;
	*P8(cmd_inbound) = direction == DECAP;
	*P16(cmd_index) = index;
	memset(PW(cmd_key), 0, 32);
	memcpy(PW(cmd_key), sa->key, sa->key_len);
	*P8(cmd_key_size) = (uint8_t)(sa->key_len / 8 - 2);
	memcpy(P32(cmd_salt), sa->salt, 4);
	*P8(cmd_esn) = sa->esn;
	*P32(cmd_spi) = sa->spi;
	*P32(cmd_src) = sa->src;
	*P32(cmd_dst) = sa->dst;
	*P8(cmd_ttl) = sa->ttl;
	*P16(cmd_window) = index % 2 ? 64 : 128;
	*P64(cmd_seq) = 0;
}

static void check_answer(void)
{
	if (*P8(rsp_result) != ESP_SA_RESULT_OK)
		die("an SA command failed");
	if (command.op == ESP_SA_OP_QUERY &&
	    (*P64(rsp_seq) < command.least || *P64(rsp_seq) > sides[command.direction].sas[command.index].seq))
		die("a query gave a sequence number that no packet has");
	command.state = ANSWERED;
}

static void step(void)
{
	bool command_taken = command.state == OFFERED && *P8(cmd_ready);
	bool takes[DIRECTIONS];

	if (command.state == TAKEN && *P8(rsp_valid))
		check_answer();
	for (int d = 0; d < DIRECTIONS; d++) {
		takes[d] = offer(&sides[d]);
		if (*(uint8_t *)sides[d].port.m_axis_tvalid)
			receive(&sides[d]);
	}
	dut_edge();
	for (int d = 0; d < DIRECTIONS; d++)
		if (takes[d])
			taken(&sides[d]);
	if (command_taken) {
		command.state = TAKEN;
		*P8(cmd_valid) = 0;
	}
	if (cycle++ - progress > STUCK)
		die("nothing comes out any more");
}

static void run_command(uint8_t op, enum direction direction, uint16_t index)
{
	progress = cycle;
	begin_command(op, direction, index);
	while (command.state != ANSWERED)
		step();
}

static void new_sa(struct oracle_sa *sa, uint16_t index)
{
	random_bytes(sa->key, sizeof(sa->key));
	random_bytes(sa->salt, sizeof(sa->salt));
	sa->key_len = 16 + 8u * (index % 3);
	sa->esn = rnd() & 1;
	sa->spi = (uint32_t)rnd();
	sa->src = (uint32_t)rnd();
	sa->dst = (uint32_t)rnd();
	sa->ttl = (uint8_t)(rnd() | 1);
	sa->seq = 0;
}

void duplex_install(uint16_t index)
{
	for (int d = 0; d < DIRECTIONS; d++) {
		new_sa(&sides[d].sas[index], index);
		run_command(ESP_SA_OP_ADD, (enum direction)d, index);
	}
}

/* While packets flow: deletes, adds again with other keys and queries, in both directions by turns. */
static void control(unsigned int *commands)
{
	static const uint8_t ops[] = { ESP_SA_OP_DELETE, ESP_SA_OP_ADD, ESP_SA_OP_QUERY };
	enum direction direction = (enum direction)(*commands % 2);
	uint8_t op = ops[*commands / 2 % 3];
	uint16_t spare = (uint16_t)(DUPLEX_SAS - 1 - *commands / 6 % SPARE_SAS);

	if (command.state != ANSWERED)
		return;
	if (op == ESP_SA_OP_ADD)
		new_sa(&sides[direction].sas[spare], spare);
	begin_command(op, direction, op == ESP_SA_OP_QUERY ? (uint16_t)(rnd() % traffic->sas) : spare);
	++*commands;
}

void duplex_check_numbers(void)
{
	for (int d = 0; d < DIRECTIONS; d++) {
		for (unsigned int i = 0; i < DUPLEX_SAS; i++) {
			run_command(ESP_SA_OP_QUERY, (enum direction)d, (uint16_t)i);
			if (command.least != sides[d].sas[i].seq) /* and check_answer saw the answer lie between them */
				die("packets are missing");
		}
	}
}

/* ---- runs --------------------------------------------------------------------------------------------------------------------------- */

void duplex_open(void)
{
	dut_open(getenv("ESPALIER_TRACE"));
	SIDE_PORTS(FIND)
	*P8(rst) = 1;
	for (int i = 0; i < 8; i++)
		dut_edge();
	*P8(rst) = 0;
	for (int i = 0; i < 20000 && !*P8(ready); i++)
		dut_edge();
	if (!*P8(ready))
		die("the card is not ready after reset");
	beat = duplex_lanes() * 16;
	command.state = ANSWERED;
}

void duplex_close(void)
{
	dut_close();
}

static void start(const struct traffic *next, uint64_t first, uint64_t last)
{
	traffic = next;
	progress = cycle;
	for (int d = 0; d < DIRECTIONS; d++) {
		struct side *side = &sides[d];

		memset(&side->measured, 0, sizeof(side->measured));
		side->measured.latency_min = UINT64_MAX;
		side->made = side->sent = side->received = 0;
		side->measure_first = first;
		side->measure_last = last;
		side->limit = UINT64_MAX;
	}
}

static bool all_received(uint64_t packets)
{
	return sides[ENCAP].received >= packets && sides[DECAP].received >= packets;
}

static void drain(void)
{
	for (int d = 0; d < DIRECTIONS; d++)
		sides[d].limit = sides[d].made;
	while (sides[ENCAP].received != sides[ENCAP].made || sides[DECAP].received != sides[DECAP].made)
		step();
	for (int i = 0; i < 16; i++)
		step();
}

static void results(struct measured result[DIRECTIONS])
{
	for (int d = 0; d < DIRECTIONS; d++)
		result[d] = sides[d].measured;
}

void duplex_alone(const struct traffic *round, struct measured result[DIRECTIONS])
{
	start(round, 0, UINT64_MAX);
	for (uint64_t packet = 1; packet <= round->count; packet++) {
		for (int d = 0; d < DIRECTIONS; d++)
			sides[d].limit = packet;
		while (!all_received(packet))
			step();
		drain();
	}
	results(result);
}

unsigned int duplex_flood(const struct traffic *flood, uint64_t first, uint64_t last, bool with_control, struct measured result[DIRECTIONS])
{
	unsigned int commands = 0;

	start(flood, first, last);
	while (!all_received(last)) {
		if (with_control)
			control(&commands);
		step();
	}
	while (commands % 6) { /* every SA is there again */
		control(&commands);
		step();
	}
	while (command.state != ANSWERED)
		step();
	drain();
	results(result);
	return commands;
}
