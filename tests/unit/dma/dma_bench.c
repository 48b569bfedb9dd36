// SPDX-License-Identifier: Apache-2.0
/* The dut's clock and registers, the stub engines, and the host's part of the rings. See dma_bench.h. */
#include "dma_bench.h"
#include <stdlib.h>
#include <string.h>
#include "dut.h"

DUT_PORT(rst);
DUT_PORT(enable);
DUT_PORT(reg_valid);
DUT_PORT(reg_write);
DUT_PORT(reg_addr);
DUT_PORT(reg_wdata);
DUT_PORT(reg_strb);
DUT_PORT(reg_rvalid);
DUT_PORT(reg_rerror);
DUT_PORT(reg_rdata);
DUT_PORT(irq_valid);
DUT_PORT(irq_ready);
DUT_PORT(irq_vector);
DUT_PORT(count_valid);
DUT_PORT(count_status);
#define ENGINE_PORTS(I, O) \
	DUT_PORT(I##_valid); DUT_PORT(I##_ready); DUT_PORT(I##_data); DUT_PORT(I##_last); DUT_PORT(I##_job); DUT_PORT(I##_len); \
	DUT_PORT(I##_sa); DUT_PORT(I##_status); DUT_PORT(O##_valid); DUT_PORT(O##_ready); DUT_PORT(O##_data); DUT_PORT(O##_last); \
	DUT_PORT(O##_job); DUT_PORT(O##_len); DUT_PORT(O##_sa); DUT_PORT(O##_status)
ENGINE_PORTS(ei, eo);
ENGINE_PORTS(di, dd);

struct bench bench;

const struct behaviour rough = {
	.latency_min = 5, .latency_max = 400, .max_reads = 48, .rsp_idle = 20, .req_stall = 20, .wr_stall = 20, .irq_stall = 50,
	.engine_stall = 20, .engine_delay = 100,
};
/* 1 us at 250 MHz, nothing in the way */
const struct behaviour quick = { .latency_min = 250, .latency_max = 250, .max_reads = 64, .pcie_shape = true };

/* ---- chance: splitmix64, so that a seed means the same everywhere ---- */
static uint64_t rnd_state;

unsigned rnd(unsigned n)
{
	uint64_t z = rnd_state += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return (unsigned)(((z ^ (z >> 31)) >> 32) % n);
}

bool chance(unsigned percent)
{
	return percent && rnd(100) < percent;
}

/* ---- stub engines ---- */
struct packet {
	uint8_t job, status;
	uint16_t len, sa;
	uint64_t due;
	uint8_t data[MAX_OUT + 8 * BEAT];
};

struct stub {
	struct packet held[300];
	unsigned first, count;
	uint8_t in[MAX_LEN + BEAT];
	unsigned in_len; /* bytes of the packet coming in */
	unsigned out_beat;
};
static struct stub stubs[2];

struct engine_port {
	uint8_t *valid, *ready, *last, *job, *status;
	uint16_t *len, *sa;
	uint32_t *data;
};

#define PORT(N) { P8(N##_valid), P8(N##_ready), P8(N##_last), P8(N##_job), P8(N##_status), P16(N##_len), P16(N##_sa), PW(N##_data) }

uint8_t engine_result(enum direction dir, const uint8_t *in, uint16_t len, uint16_t sa, uint8_t *out, uint16_t *out_len, uint16_t *out_sa)
{
	unsigned sum = len * 7u + in[0] + in[len - 1] * 3u;
	unsigned pad = (0u - (len + 2u)) & 3;

	*out_sa = dir == ENCAP ? sa : (uint16_t)(sum & 0xfff);
	*out_len = 0;
	if (sum % 11 == 0) {
		*out_sa = sum % 2 ? 0xffff : *out_sa;
		return dir == ENCAP ? ESP_STATUS_SEQ_EXHAUSTED : ESP_STATUS_ICV_MISMATCH;
	}
	*out_len = dir == ENCAP ? (uint16_t)(54 + len + pad) : (uint16_t)(len - sum % (len > 60 ? 60 : len));
	for (unsigned i = 0; i < *out_len; i++)
		out[i] = (uint8_t)(in[i % len] ^ i ^ (dir == ENCAP ? 0x5a : 0xa5));
	return ESP_STATUS_OK;
}

static void stub_take(enum direction dir, const struct engine_port *i)
{
	struct stub *s = &stubs[dir];
	struct packet *p = &s->held[(s->first + s->count) % 300];

	if (*i->status != ESP_STATUS_OK) {
		assert_true(*i->last && s->in_len == 0);
		*p = (struct packet){ .job = *i->job, .status = *i->status, .sa = 0xffff };
	} else {
		assert_in_range(*i->len, 1, MAX_LEN);
		assert_true(s->in_len < *i->len);
		memcpy(s->in + s->in_len, i->data, BEAT);
		s->in_len += BEAT;
		assert_int_equal(*i->last, s->in_len >= *i->len);
		if (!*i->last)
			return;
		p->job = *i->job;
		p->status = engine_result(dir, s->in, *i->len, *i->sa, p->data, &p->len, &p->sa);
		if (bench.oversize && p->status == ESP_STATUS_OK)
			p->len = (uint16_t)(p->len + 3 * BEAT);
	}
	s->in_len = 0;
	p->due = bench.cycle + 1 + rnd(bench.how.engine_delay + 1);
	s->count++;
}

static void stub_drive(enum direction dir, const struct engine_port *i, const struct engine_port *o)
{
	struct stub *s = &stubs[dir];
	const struct packet *p = &s->held[s->first];
	bool go = s->count && p->due <= bench.cycle && !bench.stall_out[dir];

	*i->ready = !bench.stall_in[dir] && s->count < 290 && !chance(bench.how.engine_stall);
	/* a beat that is offered stays */
	*o->valid = (*o->valid && s->count) || (go && !chance(bench.how.engine_stall));
	if (!*o->valid)
		return;
	*o->job = p->job;
	*o->status = p->status;
	*o->len = p->len;
	*o->sa = p->sa;
	*o->last = (s->out_beat + 1) * BEAT >= p->len;
	memcpy(o->data, p->data + s->out_beat * BEAT, BEAT);
}

static void stub_edge(enum direction dir, const struct engine_port *i, const struct engine_port *o)
{
	struct stub *s = &stubs[dir];

	if (*o->valid && *o->ready) {
		s->out_beat = *o->last ? 0 : s->out_beat + 1;
		if (*o->last) {
			s->first = (s->first + 1) % 300;
			s->count--;
		}
	}
	if (*i->valid && *i->ready)
		stub_take(dir, i);
}

/* ---- clock ---- */
static bool out_fired[2]; /* the last edge took the beat offered: offer anew */

static void irq_take(void)
{
	for (unsigned q = 0; q < QUEUES; q++)
		if (*P8(irq_vector) == 3 - q)
			bench.q[q].irqs++;
}

void bench_step(void)
{
	struct engine_port in[2] = { PORT(ei), PORT(di) }, out[2] = { PORT(eo), PORT(dd) };

	for (int d = 0; d < 2; d++) {
		if (out_fired[d])
			*out[d].valid = 0;
		stub_drive(d, &in[d], &out[d]);
	}
	host_read_in();
	host_write_in();
	*P8(irq_ready) = !chance(bench.how.irq_stall);
	dut_settle();
	for (int d = 0; d < 2; d++) {
		out_fired[d] = *out[d].valid && *out[d].ready;
		stub_edge(d, &in[d], &out[d]);
	}
	host_read_out();
	host_write_out();
	if (*P8(count_valid))
		bench.completed_by[*P8(count_status)]++;
	if (*P8(irq_valid) && *P8(irq_ready))
		irq_take();
	dut_edge();
	bench.cycle++;
}

void bench_run(unsigned cycles)
{
	while (cycles--)
		bench_step();
}

void bench_reset(void)
{
	struct behaviour how = bench.how;
	uint64_t cycle = bench.cycle;

	memset(&bench, 0, sizeof(bench));
	bench.how = how;
	bench.cycle = cycle;
	for (int i = 0; i < SLOTS; i++)
		bench.free_slot[bench.free_slots++] = i;
	for (unsigned q = 0; q < QUEUES; q++)
		bench.q[q].fetch_fault_at = -1;
	memset(stubs, 0, sizeof(stubs));
	memset(out_fired, 0, sizeof(out_fired));
	*P8(eo_valid) = *P8(dd_valid) = *P8(ei_ready) = *P8(di_ready) = 0;
	host_reset();
	*P8(rst) = 1;
	for (int i = 0; i < 3; i++)
		dut_edge();
	*P8(rst) = 0;
	*P8(enable) = 1;
}

static bool is_open; /* a failed test leaves its dut behind */

void bench_open(const struct behaviour *how, unsigned seed)
{
	if (is_open)
		bench_close();
	is_open = true;
	rnd_state = seed;
	bench.how = *how;
	bench.cycle = 0;
	dut_open(getenv("ESPALIER_TRACE"));
	bench_reset();
}

void bench_close(void)
{
	dut_close();
	is_open = false;
}

/* ---- registers ---- */
bool reg_access(bool write, uint32_t addr, uint32_t value, unsigned strb, uint32_t *data)
{
	*P8(reg_valid) = 1;
	*P8(reg_write) = write;
	*P16(reg_addr) = (uint16_t)addr;
	*P32(reg_wdata) = value;
	*P8(reg_strb) = (uint8_t)strb;
	bench_step();
	*P8(reg_valid) = 0;
	for (int i = 0; i < 8 && !*P8(reg_rvalid); i++)
		bench_step();
	assert_true(*P8(reg_rvalid));
	*data = *P32(reg_rdata);
	if (*P8(reg_rerror) || write)
		assert_int_equal(*data, 0);
	bool ok = !*P8(reg_rerror);

	bench_step();
	assert_false(*P8(reg_rvalid));
	return ok;
}

uint32_t reg_read(uint32_t addr)
{
	uint32_t data;

	assert_true(reg_access(false, addr, 0, 15, &data));
	return data;
}

void reg_write(uint32_t addr, uint32_t value)
{
	uint32_t data;

	if (!reg_access(true, addr, value, 15, &data))
		fail_msg("write of %#x to register %#x was refused", value, addr);
}

uint32_t queue_reg(unsigned q, uint32_t reg)
{
	return reg + q * ESP_REG_QUEUE_STRIDE;
}

/* ---- rings ---- */
uint64_t host_addr_sq(unsigned q)
{
	return HOST_BASE + q * RING_SPACE;
}

uint64_t host_addr_cq(unsigned q)
{
	return HOST_BASE + q * RING_SPACE + RING_SPACE / 2;
}

void queue_setup(unsigned q, unsigned sq_log2, unsigned cq_log2)
{
	uint64_t sq = host_addr_sq(q), cq = host_addr_cq(q);

	reg_write(queue_reg(q, ESP_REG_QUEUE_SQ_BASE_LO), (uint32_t)sq);
	reg_write(queue_reg(q, ESP_REG_QUEUE_SQ_BASE_HI), (uint32_t)(sq >> 32));
	reg_write(queue_reg(q, ESP_REG_QUEUE_CQ_BASE_LO), (uint32_t)cq);
	reg_write(queue_reg(q, ESP_REG_QUEUE_CQ_BASE_HI), (uint32_t)(cq >> 32));
	reg_write(queue_reg(q, ESP_REG_QUEUE_SIZES), sq_log2 | cq_log2 << 8);
	reg_write(queue_reg(q, ESP_REG_QUEUE_VECTOR), 3 - q);
}

void queue_start(unsigned q, unsigned sq_log2, unsigned cq_log2)
{
	struct queue *k = &bench.q[q];

	memset(k, 0, sizeof(*k));
	k->fetch_fault_at = -1;
	k->sq_log2 = sq_log2;
	k->cq_log2 = cq_log2;
	queue_setup(q, sq_log2, cq_log2);
	reg_write(queue_reg(q, ESP_REG_QUEUE_CONTROL), 1);
	assert_int_equal(reg_read(queue_reg(q, ESP_REG_QUEUE_CONTROL)), 0x101);
}

unsigned job_slot(const struct job *job)
{
	return (unsigned)(job - bench.job);
}

bool queue_room(unsigned q)
{
	const struct queue *k = &bench.q[q];

	return (uint16_t)(k->tail - k->sq_head) < 1u << k->sq_log2 && bench.free_slots;
}

struct job *job_new(unsigned q, enum direction dir, uint16_t len)
{
	if (!bench.free_slots)
		return NULL;
	int slot = bench.free_slot[--bench.free_slots];
	uint64_t area = HOST_BASE + QUEUES * RING_SPACE + (uint64_t)slot * SLOT_SPACE;
	static uint8_t scratch[MAX_OUT];
	struct job *j = &bench.job[slot];

	*j = (struct job){ .queue = q, .dir = dir, .src = area + rnd(BEAT), .dst = area + SLOT_SPACE / 2, .len = len };
	j->opcode = dir == ENCAP ? ESP_OPCODE_ENCAP : ESP_OPCODE_DECAP;
	j->sa = dir == ENCAP ? (uint16_t)rnd(65536) : 0;
	if (!len || len > MAX_LEN)
		return j;
	for (unsigned i = 0; i < len; i++)
		*host_mem(j->src + i) = (uint8_t)(slot * 37 + i * 11 + (bench.cycle >> 3) + (i >> 8));
	j->status = engine_result(dir, host_mem(j->src), len, j->sa, scratch, &j->out_len, &j->out_sa);
	j->capacity = dir == ENCAP ? (uint16_t)(54 + len + ((0u - (len + 2u)) & 3)) : len;
	return j;
}

void job_post(struct job *j)
{
	struct queue *k = &bench.q[j->queue];
	uint8_t *d = host_mem(host_addr_sq(j->queue) + (k->tail & ((1u << k->sq_log2) - 1)) * 32u);
	uint64_t cookie = 0xc00c1e0000000000ull | job_slot(j) | (uint64_t)k->tail << 16;

	memcpy(d, &j->src, 8);
	memcpy(d + 8, &j->dst, 8);
	memcpy(d + 16, &j->len, 2);
	memcpy(d + 18, &j->capacity, 2);
	d[20] = j->opcode;
	d[21] = j->flags;
	memcpy(d + 22, &j->sa, 2);
	memcpy(d + 24, &cookie, 8);
	j->posted = true;
	j->index = k->tail++;
	k->order[j->dir][k->last[j->dir]++] = (int)job_slot(j);
}

void job_abandon(struct job *j)
{
	struct queue *k = &bench.q[j->queue];

	/* the newest of its direction that is left: called in reverse order of posting */
	k->last[j->dir]--;
	assert_int_equal(k->order[j->dir][k->last[j->dir]], job_slot(j));
	j->posted = false;
	bench.free_slot[bench.free_slots++] = (int)job_slot(j);
}

void queue_ring(unsigned q)
{
	bench.q[q].rung = bench.q[q].tail;
	reg_write(queue_reg(q, ESP_REG_QUEUE_SQ_TAIL), bench.q[q].tail);
}

void queue_consume(unsigned q, bool arm)
{
	struct queue *k = &bench.q[q];

	/* What the checker saw on the write stream may be a cycle ahead of the register. */
	k->cq_head = (uint16_t)reg_read(queue_reg(q, ESP_REG_QUEUE_CQ_TAIL));
	reg_write(queue_reg(q, ESP_REG_QUEUE_CQ_HEAD), k->cq_head | (uint32_t)arm << 31);
}

void bench_drain(unsigned timeout)
{
	uint64_t end = bench.cycle + timeout;

	while (bench.free_slots < SLOTS) {
		for (unsigned q = 0; q < QUEUES; q++)
			if (bench.q[q].cq_tail != bench.q[q].cq_head)
				queue_consume(q, false);
		bench_run(20);
		if (bench.cycle > end)
			fail_msg("%u jobs never completed", SLOTS - bench.free_slots);
	}
	bench_run(8); /* the card counts a completion a little after it was written */
}
