// SPDX-License-Identifier: Apache-2.0
/* Host memory, its read server, and the checker of everything the card writes. See dma_bench.h. */
#include "dma_bench.h"
#include <string.h>
#include "dut.h"

DUT_PORT(req_valid);
DUT_PORT(req_ready);
DUT_PORT(req_addr);
DUT_PORT(req_len);
DUT_PORT(req_ctx);
DUT_PORT(rsp_valid);
DUT_PORT(rsp_ready);
DUT_PORT(rsp_ctx);
DUT_PORT(rsp_offset);
DUT_PORT(rsp_count);
DUT_PORT(rsp_start);
DUT_PORT(rsp_done);
DUT_PORT(rsp_status);
DUT_PORT(rsp_data);
DUT_PORT(wr_valid);
DUT_PORT(wr_ready);
DUT_PORT(wr_data);
DUT_PORT(wr_last);
DUT_PORT(wr_addr);
DUT_PORT(wr_len);

#define MAX_READS 64
#define MAX_PIECES 1200

struct piece {
	uint16_t offset;
	uint8_t count, start;
	bool done;
};

struct read {
	uint64_t addr, due, number;
	uint16_t len, ctx;
	uint8_t status;
	struct piece piece[MAX_PIECES];
	unsigned pieces, next;
};

static uint8_t mem[HOST_SIZE];
static struct read reads[MAX_READS];
static unsigned outstanding;
static uint64_t read_number;
static int answering; /* read whose piece is on rd_rsp, or -1 */
static unsigned wr_beats; /* of the write under way */

uint8_t *host_mem(uint64_t addr)
{
	if (addr < HOST_BASE || addr >= HOST_BASE + HOST_SIZE)
		fail_msg("cycle %llu: address %#llx is not of this test", (unsigned long long)bench.cycle, (unsigned long long)addr);
	return mem + (addr - HOST_BASE);
}

void host_reset(void)
{
	memset(reads, 0, sizeof(reads));
	outstanding = 0;
	answering = -1;
	wr_beats = 0;
	*P8(rsp_valid) = *P8(req_ready) = *P8(wr_ready) = 0;
}

/* ---- reads ---- */

/* Completions of up to 256 bytes, each behind 12 bytes of header: the shape of PG213's RC stream. */
static void cut_like_pcie(struct read *r)
{
	unsigned at = 0;

	while (at < r->len) {
		unsigned end = at + 256 > r->len ? r->len : at + 256, start = 12;

		while (at < end) {
			unsigned n = end - at > BEAT - start ? BEAT - start : end - at;

			r->piece[r->pieces++] = (struct piece){ (uint16_t)at, (uint8_t)n, (uint8_t)start, false };
			at += n;
			start = 0;
		}
	}
	r->piece[r->pieces - 1].done = true;
}

/* Odd pieces in any order; done with the last of them, or alone behind it. A read that fails loses a tail of them. */
static void cut_at_random(struct read *r)
{
	unsigned at = 0, least = r->len / 600;

	while (at < r->len) {
		unsigned n = chance(30) ? BEAT : 1 + least + rnd(BEAT - least);

		n = n > r->len - at ? r->len - at : n;
		n = n > BEAT ? BEAT : n;
		r->piece[r->pieces++] = (struct piece){ (uint16_t)at, (uint8_t)n, (uint8_t)rnd(BEAT - n + 1), false };
		at += n;
	}
	for (unsigned i = r->pieces - 1; i > 0; i--) {
		unsigned k = rnd(i + 1);
		struct piece t = r->piece[i];

		r->piece[i] = r->piece[k];
		r->piece[k] = t;
	}
	if (r->status != ESP_STATUS_OK)
		r->pieces = rnd(r->pieces + 1);
	if (!r->pieces || chance(50))
		r->piece[r->pieces++] = (struct piece){ 0, 0, (uint8_t)rnd(BEAT), false };
	r->piece[r->pieces - 1].done = true;
}

/* Descriptors, all of them posted and within the ring, or exactly one job's source. */
static uint8_t read_status(uint64_t addr, uint16_t len)
{
	uint64_t offset = addr - HOST_BASE;

	(void)host_mem(addr);
	if (offset < QUEUES * RING_SPACE) {
		struct queue *k = &bench.q[offset / RING_SPACE];
		unsigned first = (unsigned)(offset % RING_SPACE) / 32, n = len / 32u, size = 1u << k->sq_log2;
		unsigned ahead = (k->rung - first) & (size - 1);

		assert_true(len && addr % 32 == 0 && len % 32 == 0 && len <= 256 && first + n <= size);
		assert_true(n <= (ahead ? ahead : size));
		if (k->fetch_fault_at >= (int)first && k->fetch_fault_at < (int)(first + n))
			return k->fetch_fault;
		return ESP_STATUS_OK;
	}
	struct job *j = &bench.job[(offset - QUEUES * RING_SPACE) / SLOT_SPACE];

	assert_true(j->posted && !j->written && !j->completed);
	assert_int_equal(addr, j->src);
	assert_int_equal(len, j->len);
	return j->read_fault;
}

static void read_accept(uint64_t addr, uint16_t len, uint16_t ctx)
{
	struct read *r = reads;

	while (r->len)
		r++;
	r->addr = addr;
	r->len = len;
	r->ctx = ctx;
	r->number = read_number++;
	r->due = bench.cycle + bench.how.latency_min + rnd(bench.how.latency_max - bench.how.latency_min + 1);
	r->pieces = r->next = 0;
	r->status = read_status(addr, len);
	if (bench.how.pcie_shape)
		cut_like_pcie(r);
	else
		cut_at_random(r);
	outstanding++;
}

static int choose_read(void)
{
	int best = -1;
	unsigned from = bench.how.pcie_shape ? 0 : rnd(MAX_READS);

	for (unsigned i = 0; i < MAX_READS; i++) {
		unsigned n = (from + i) % MAX_READS;

		if (!reads[n].len || reads[n].due > bench.cycle)
			continue;
		if (!bench.how.pcie_shape)
			return (int)n;
		if (best < 0 || reads[n].number < reads[best].number)
			best = (int)n;
	}
	return best;
}

void host_read_in(void)
{
	uint8_t lanes[BEAT];

	*P8(req_ready) = outstanding < bench.how.max_reads && !chance(bench.how.req_stall);
	if (answering >= 0)
		return; /* offered and not taken yet: it stays */
	*P8(rsp_valid) = 0;
	if (chance(bench.how.rsp_idle) || (answering = choose_read()) < 0)
		return;

	const struct read *r = &reads[answering];
	const struct piece *p = &r->piece[r->next];

	for (int i = 0; i < BEAT; i++)
		lanes[i] = (uint8_t)(0xe0 + i + bench.cycle); /* what is not data is garbage */
	if (p->count)
		memcpy(lanes + p->start, host_mem(r->addr + p->offset), p->count);
	*P8(rsp_valid) = 1;
	*P16(rsp_ctx) = r->ctx;
	*P16(rsp_offset) = p->offset;
	*P8(rsp_count) = p->count;
	*P8(rsp_start) = p->start;
	*P8(rsp_done) = p->done;
	*P8(rsp_status) = p->done ? r->status : (uint8_t)rnd(256);
	memcpy(PW(rsp_data), lanes, BEAT);
}

void host_read_out(void)
{
	if (*P8(rsp_valid) && *P8(rsp_ready)) {
		struct read *r = &reads[answering];

		if (r->piece[r->next++].done) {
			r->len = 0;
			outstanding--;
		}
		answering = -1;
	}
	if (*P8(req_valid) && *P8(req_ready))
		read_accept(*P64(req_addr), *P16(req_len), *P16(req_ctx));
}

/* ---- writes ---- */

static void check_completion(unsigned q, uint64_t addr, const uint8_t *c)
{
	struct queue *k = &bench.q[q];
	unsigned size = 1u << k->cq_log2;
	enum direction dir = c[13] >> 1 & 1;
	uint64_t cookie;
	uint16_t out_len, sa, sq_head;

	assert_int_equal(addr, host_addr_cq(q) + (k->cq_tail & (size - 1)) * 16u);
	assert_true((uint16_t)(k->cq_tail - k->cq_head) < size);
	assert_int_equal(c[13] & ~2, !(k->cq_tail & size));
	assert_true(k->first[dir] != k->last[dir]);

	int slot = k->order[dir][k->first[dir]++];
	struct job *j = &bench.job[slot];

	memcpy(&cookie, c, 8);
	memcpy(&out_len, c + 8, 2);
	memcpy(&sa, c + 10, 2);
	memcpy(&sq_head, c + 14, 2);
	assert_true(j->posted && !j->completed && j->queue == q && j->dir == dir);
	assert_int_equal(cookie, 0xc00c1e0000000000ull | (unsigned)slot | (uint64_t)j->index << 16);
	assert_int_equal(c[12], j->status);
	assert_int_equal(out_len, j->status == ESP_STATUS_OK ? j->out_len : 0);
	assert_int_equal(sa, j->out_sa);
	assert_int_equal(j->written, j->status == ESP_STATUS_OK);
	/* fetched at least up to this job, never beyond the doorbell, never back */
	assert_true((uint16_t)(sq_head - j->index - 1) <= (uint16_t)(k->rung - j->index - 1));
	assert_true((uint16_t)(sq_head - k->sq_head) < 0x8000);
	k->sq_head = sq_head;
	k->cq_tail++;
	j->completed = true;
	j->posted = false;
	bench.completions++;
	bench.free_slot[bench.free_slots++] = slot;
	memcpy(host_mem(addr), c, 16);
}

static void check_packet(uint64_t addr, uint16_t len, const uint8_t *data, unsigned beat, bool last)
{
	static uint8_t expected[MAX_OUT + BEAT];
	uint64_t offset = addr - HOST_BASE - QUEUES * RING_SPACE;
	struct job *j = &bench.job[offset / SLOT_SPACE];
	unsigned at = beat * BEAT, n = len - at > BEAT ? BEAT : len - at;
	uint16_t out_len, out_sa;

	assert_true(j->posted && !j->written && !j->completed);
	assert_int_equal(j->status, ESP_STATUS_OK);
	assert_int_equal(addr, j->dst);
	assert_int_equal(len, j->out_len);
	if (!beat)
		engine_result(j->dir, host_mem(j->src), j->len, j->sa, expected, &out_len, &out_sa);
	assert_memory_equal(data, expected + at, n);
	j->written = last;
}

static void check_write(void)
{
	uint64_t addr = *P64(wr_addr);
	uint16_t len = *P16(wr_len);
	unsigned beats = (len + 63u) / BEAT;
	uint8_t data[BEAT];

	memcpy(data, PW(wr_data), BEAT);
	assert_int_equal(*P8(wr_last), wr_beats + 1 == beats);
	(void)host_mem(addr);
	(void)host_mem(addr + len - 1);
	if (addr - HOST_BASE < QUEUES * RING_SPACE) {
		assert_true(len == 16 || len == 32 || len == 48);
		assert_int_equal(addr / 128, (addr + len - 1) / 128);
		for (unsigned i = 0; i < len; i += 16)
			check_completion((unsigned)((addr - HOST_BASE) / RING_SPACE), addr + i, data + i);
	} else {
		check_packet(addr, len, data, wr_beats, *P8(wr_last));
	}
	wr_beats = *P8(wr_last) ? 0 : wr_beats + 1;
}

void host_write_in(void)
{
	*P8(wr_ready) = !chance(bench.how.wr_stall);
}

void host_write_out(void)
{
	if (*P8(wr_valid) && *P8(wr_ready))
		check_write();
	else if (wr_beats && !*P8(wr_valid))
		fail_msg("cycle %llu: a gap within a write", (unsigned long long)bench.cycle);
}
