/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of encapsulation, each beside a model in C written from the RFCs and the module's header: the front end with its checks and numbers
 * (esp_encap_front), the framer (esp_encap_frame), and the output that puts ICV and outer header around the cipher's beats (esp_encap_out).
 * Random numbers follow ESPALIER_TEST_SEED, their count ESPALIER_TEST_SCALE.
 */
#include "esp_parts.h"

#define SAS 16u

/* Payload with its trailer (RFC 4303, 2.4), in 4-byte words. */
static unsigned trailed_words(unsigned len)
{
	return (len + 2 + 3) / 4;
}

/* ---- esp_encap_front ------------------------------------------------------------------------------------------------------------------ */

struct context {
	int valid, key_size, esn;
	uint8_t ttl;
	uint16_t csum;
	uint32_t spi, src, dst;
};

struct inner {
	uint8_t job, status, came_with, bytes[MAX_BYTES];
	unsigned len, sa, beats;
	struct context ctx;
	uint64_t seq;
	uint64_t user; /* as it comes */
	int doomed;    /* 1: may be dropped, 2: must be */
	int begun;
};

static void write_front_number(unsigned sa, uint64_t seq)
{
	*P8(f_seq_req) = *P8(f_seq_write) = 1;
	*P16(f_seq_sa) = (uint16_t)sa;
	*P64(f_seq_number) = seq;
	dut_settle();
	assert_true(*P8(f_seq_ready));
	dut_edge();
	*P8(f_seq_req) = 0;
}

static uint64_t read_front_number(unsigned sa)
{
	*P8(f_seq_req) = 1;
	*P8(f_seq_write) = 0;
	*P16(f_seq_sa) = (uint16_t)sa;
	dut_settle();
	assert_true(*P8(f_seq_ready));
	dut_edge();
	*P8(f_seq_req) = 0;
	for (unsigned wait = 0; !*P8(f_seq_valid); wait++) {
		assert_true(wait < 8);
		dut_edge();
	}
	assert_false(*P8(f_seq_bad));
	return *P64(f_seq_answer);
}

/* In this cycle; what looks the SA up behind it sees it. */
static void write_context(struct context *contexts, unsigned sa, int valid)
{
	struct context *c = &contexts[sa];

	c->valid = valid;
	c->key_size = (int)rnd(3);
	c->esn = (int)rnd(2);
	c->ttl = (uint8_t)rand();
	c->csum = (uint16_t)rand();
	c->spi = (uint32_t)rand() * 2u;
	c->src = (uint32_t)rand() * 2u;
	c->dst = (uint32_t)rand() * 2u;
	*P8(f_ctx_wr) = 1;
	*P16(f_ctx_sa) = (uint16_t)sa;
	*P8(f_ctx_valid) = (uint8_t)c->valid;
	*P8(f_ctx_key_size) = (uint8_t)c->key_size;
	*P8(f_ctx_esn) = (uint8_t)c->esn;
	*P8(f_ctx_ttl) = c->ttl;
	*P16(f_ctx_csum) = c->csum;
	*P32(f_ctx_spi) = c->spi;
	*P32(f_ctx_src) = c->src;
	*P32(f_ctx_dst) = c->dst;
}

static void make_inner(struct inner *p)
{
	memset(p, 0, offsetof(struct inner, bytes));
	random_bytes(p->bytes, sizeof p->bytes);
	p->job = (uint8_t)rand();
	p->sa = chance(70) ? rnd(4) : chance(90) ? rnd(SAS) : chance(50) ? SAS : rnd(65536); /* some far more than others: their numbers end */
	p->came_with = chance(5) ? (uint8_t)(1 + rnd(11)) : ESP_STATUS_OK;
	p->len = chance(20) ? 20 + rnd(MAX_BYTES - 20) : 20 + rnd(100);
	if (chance(3))
		p->len = 1 + rnd(30);
	p->bytes[0] = 0x45;
	p->bytes[2] = (uint8_t)(p->len >> 8);
	p->bytes[3] = (uint8_t)p->len;
	if (chance(3))
		p->bytes[0] = (uint8_t)(0x40 | rnd(16));
	if (chance(2))
		p->bytes[0] = (uint8_t)rand();
	if (chance(3))
		p->bytes[2 + rnd(2)] ^= (uint8_t)(1 << rnd(8));
	p->beats = p->came_with ? 1 : beats_of(p->len);
	p->user = sideband(p->job, p->len, p->sa, p->came_with);
	p->doomed = p->begun = 0;
}

/* The order of the checks; only what passes all of them draws a number. */
static void judge_inner(struct inner *p, const struct context *contexts, uint64_t *last)
{
	static const struct context none;
	unsigned header = 4u * (p->bytes[0] & 15);
	int known = p->sa < SAS && contexts[p->sa].valid, malformed;

	p->ctx = known ? contexts[p->sa] : none;
	malformed = p->bytes[0] >> 4 != 4 || header < 20 || header > p->len || (unsigned)(p->bytes[2] << 8 | p->bytes[3]) != p->len;
	if (p->came_with)
		p->status = p->came_with;
	else if (!known)
		p->status = ESP_STATUS_NO_SA;
	else if (malformed)
		p->status = ESP_STATUS_INNER_MALFORMED;
	else if (p->ctx.esn ? last[p->sa] == UINT64_MAX : (uint32_t)last[p->sa] == UINT32_MAX)
		p->status = ESP_STATUS_SEQ_EXHAUSTED;
	else
		p->seq = ++last[p->sa];
	if (p->came_with || !known)
		p->sa = 0xffff;
}

static void check_record(struct inner *p)
{
	assert_int_equal(*P8(f_job), p->job);
	if (p->status != ESP_STATUS_NO_SA && *P8(f_job_status) == ESP_STATUS_NO_SA) { /* dropped, whatever else was wrong with it */
		assert_true(p->doomed && !p->begun);
		assert_int_equal(*P16(f_job_sa), 0xffff);
		assert_false(*P8(f_job_ok));
		return;
	}
	assert_int_equal(*P8(f_job_status), p->status);
	assert_int_equal(*P8(f_job_ok), p->status == ESP_STATUS_OK);
	assert_int_equal(*P16(f_job_sa), p->sa);
	assert_true(p->doomed < 2);
	if (p->status)
		return;
	assert_int_equal(*P16(f_job_len), p->len);
	assert_int_equal(*P16(f_job_c4), trailed_words(p->len));
	assert_int_equal(*P16(f_job_last_dw), trailed_words(p->len) + 7);
	assert_int_equal(*P8(f_job_tos), p->bytes[1]);
	assert_int_equal(*P8(f_job_df), p->bytes[6] >> 6 & 1);
	assert_int_equal(*P8(f_job_key_size), p->ctx.key_size);
	assert_int_equal(*P8(f_job_esn), p->ctx.esn);
	assert_int_equal(*P8(f_job_ttl), p->ctx.ttl);
	assert_int_equal(*P32(f_job_spi), p->ctx.spi);
	assert_int_equal(*P32(f_job_src), p->ctx.src);
	assert_int_equal(*P32(f_job_dst), p->ctx.dst);
	assert_int_equal(*P16(f_job_csum), p->ctx.csum);
	assert_int_equal(*P64(f_job_seq), p->seq);
}

#define HELD 64u

static void test_front(void **state)
{
	static struct inner packets[HELD];
	static const uint64_t edges[] = {0, 0xfffffffd, 0x1fffffffd, UINT64_MAX - 2, 77};
	struct context contexts[SAS];
	uint64_t last[SAS], owed = 0, owed_later[4] = {0};
	/* Packets whose first beat was taken, whose last was; whose record was taken; beats of the packet in hand, in and out. */
	unsigned begun_in = 0, in = 0, out = 0, beat_in = 0, beat_out = 0, held = 0, since_first = 9, dropping = 0, victim = 0, seen[32] = {0}, dropped = 0;
	unsigned beat = beat_bytes();

	(void)state;
	reset();
	*P8(f_enable) = 0;
	for (unsigned i = 0; i < 10; i++) { /* not before the wipe is done */
		dut_settle();
		assert_false(*P8(f_s_ready));
		dut_edge();
	}
	*P8(f_enable) = 1;
	for (unsigned i = 0; i < SAS; i++) {
		write_front_number(i, last[i] = edges[rnd(5)]);
		write_context(contexts, i, chance(90));
		dut_edge();
	}
	*P8(f_ctx_wr) = 0;
	for (uint64_t cycle = 0; cycle < CYCLES * test_scale(); cycle++) {
		struct inner *p = &packets[in % HELD];
		int draining = cycle % 2000 > 1400, slow = !draining && cycle / 600 % 2;

		/* An SA is deleted: its context first; 6 cycles later its packets wait where they are found within 32 cycles. */
		*P8(f_ctx_wr) = 0;
		if (!dropping && cycle % 200 == 10) {
			dropping = 1;
			victim = rnd(4);
			for (unsigned i = out; i != in; i++)
				if (packets[i % HELD].sa < 4)
					victim = packets[i % HELD].sa;
			write_context(contexts, victim, 0);
		} else if (cycle % 200 == 140) { /* and its index is given to another */
			write_context(contexts, victim, 1);
		} else if (!dropping && cycle % 200 > 150 && chance(5)) {
			write_context(contexts, rnd(SAS), chance(90));
		}
		if (dropping)
			dropping++;
		*P8(f_drop) = dropping > 9;
		*P16(f_drop_sa) = (uint16_t)victim;
		if (dropping == 10)
			for (unsigned i = out; i != in + (beat_in != 0); i++)
				if (packets[i % HELD].sa == victim && !packets[i % HELD].begun)
					packets[i % HELD].doomed = 1;

		*P8(f_s_valid) |= (beat_in || !draining) && begun_in - out < HELD - 2 && chance(slow ? 50 : 95);
		if (*P8(f_s_valid)) {
			if (beat_in == 0 && begun_in == in) {
				make_inner(p);
				begun_in++;
			}
			*P64(f_s_user) = p->user;
			*P8(f_s_last) = beat_in + 1 == p->beats;
			memcpy(PW(f_s_data), p->bytes + beat_in * beat, beat);
		}
		dut_settle();
		/* Ready: not in the cycle behind a first beat for another one, and only while less than 16 beats are owed to those before. */
		assert_int_equal(*P8(f_s_ready), held < 16 && (beat_in || (since_first > 0 && owed < 16)));
		int take = *P8(f_s_valid) && *P8(f_s_ready);

		/* As the framer does: the record, beside its beats; with the last of them, or behind it, the record goes. */
		unsigned beats = packets[out % HELD].beats;

		*P8(f_beat_ready) = *P8(f_job_begun) = *P8(f_job_ready) = 0;
		if (*P8(f_job_valid)) {
			struct inner *head = &packets[out % HELD];

			assert_true(out < begun_in);
			check_record(head);
			/* Every other time the output stands still then, and what waits is there to be found. */
			int blocked = cycle / 200 % 2 && cycle % 200 < 40 && !beat_out;
			int ok = *P8(f_job_ok), want = beat_out < beats && !blocked && chance(slow ? 30 : 95);

			*P8(f_beat_ready) = (uint8_t)want;
			head->begun = ok && (head->begun || (want && *P8(f_beat_valid)));
			*P8(f_job_begun) = (uint8_t)head->begun;
			if (head->begun)
				head->doomed = 0;
			*P8(f_job_ready) = (beat_out == beats || (want && *P8(f_beat_valid) && beat_out + 1 == beats)) && chance(80);
		}
		dut_settle();
		int give = *P8(f_beat_valid) && *P8(f_beat_ready), pop = *P8(f_job_valid) && *P8(f_job_ready);

		if (give) {
			struct inner *head = &packets[out % HELD];
			unsigned bytes = head->len > beat_out * beat ? head->len - beat_out * beat : 0;

			assert_memory_equal(PW(f_beat_data), head->bytes + beat_out * beat, bytes < beat ? bytes : beat);
			assert_int_equal(*P8(f_beat_job), head->job);
			assert_int_equal(*P8(f_beat_last), ++beat_out == beats);
			held--;
		}
		if (pop) {
			dropped += packets[out % HELD].status == ESP_STATUS_OK && !*P8(f_job_ok);
			seen[*P8(f_job_status)]++;
			out++;
			beat_out = 0;
		}
		since_first++;
		memmove(owed_later + 1, owed_later, sizeof owed_later - sizeof owed_later[0]);
		owed_later[0] = 0;
		if (take && beat_in == 0) {
			judge_inner(p, contexts, last);
			since_first = 0;
			owed_later[0] = p->came_with ? 1 : beats_of(52 + 4 * trailed_words(p->len));
		}
		owed += owed_later[2] - (owed != 0);
		held += (unsigned)take;
		if (take && ++beat_in == p->beats) {
			in++;
			beat_in = 0;
		}
		dut_edge();
		if (take)
			*P8(f_s_valid) = 0;
		if (dropping == 46) {
			dropping = 0;
			for (unsigned i = out; i != begun_in; i++)
				if (packets[i % HELD].doomed)
					packets[i % HELD].doomed = 2;
		}
		if (cycle % 2000 == 1999) { /* all are through: the numbers are as they were drawn, and are written anew */
			assert_true(out == in && in == begun_in && owed == 0 && !dropping);
			*P8(f_ctx_wr) = 0;
			for (unsigned i = 0; i < SAS; i++) {
				assert_int_equal(read_front_number(i), last[i]);
				write_front_number(i, last[i] = edges[rnd(5)]);
			}
			for (unsigned i = 0; i < SAS; i++) {
				write_context(contexts, i, chance(90));
				dut_edge();
			}
			*P8(f_ctx_wr) = 0;
		}
	}
	assert_true(seen[ESP_STATUS_OK] > CYCLES / 128 && seen[ESP_STATUS_NO_SA] && seen[ESP_STATUS_INNER_MALFORMED] && seen[ESP_STATUS_SEQ_EXHAUSTED] && dropped);
}

/* ---- esp_encap_frame ---------------------------------------------------------------------------------------------------------------------- */

struct framed {
	int ok, esn, epoch;
	uint8_t job, key_size, bytes[MAX_BYTES], stream[MAX_BYTES + 64];
	unsigned len, sa, in_beats, out_beats, words;
	uint32_t spi, salt;
	uint64_t seq;
};

static void make_framed(struct framed *f, const uint32_t *salts)
{
	unsigned at, pad;

	memset(f, 0, offsetof(struct framed, bytes));
	random_bytes(f->bytes, sizeof f->bytes);
	f->ok = chance(85);
	f->esn = (int)rnd(2);
	f->job = (uint8_t)rand();
	f->key_size = (uint8_t)rnd(3);
	f->len = chance(20) ? 20 + rnd(MAX_BYTES - 20) : 20 + rnd(100);
	f->sa = rnd(SAS);
	f->spi = (uint32_t)rand() * 2u;
	f->salt = salts[f->sa];
	f->seq = (uint64_t)rand() << 33 ^ (uint64_t)rand() << 11 ^ (unsigned)rand();
	f->words = trailed_words(f->len);
	f->in_beats = beats_of(f->len);
	f->out_beats = f->ok ? beats_of(16 + 4 * f->words + 16) : 1;
	put32(f->stream, f->spi);
	put32(f->stream + 4, (uint32_t)f->seq);
	put32(f->stream + 8, (uint32_t)(f->seq >> 32));
	put32(f->stream + 12, (uint32_t)f->seq);
	memcpy(f->stream + 16, f->bytes, f->len);
	pad = 4 * f->words - f->len - 2;
	at = 16 + f->len;
	for (unsigned i = 1; i <= pad; i++)
		f->stream[at++] = (uint8_t)i;
	f->stream[at++] = (uint8_t)pad;
	f->stream[at] = 4;
}

static void check_frame(const struct framed *f, unsigned number)
{
	uint8_t nonce[12], aad[16] = {0};
	unsigned beat = beat_bytes(), end = 16 + 4 * f->words;

	assert_int_equal(*P8(g_first), number == 0);
	assert_int_equal(*P8(g_last), number + 1 == f->out_beats);
	assert_int_equal(*P8(g_null), !f->ok);
	assert_int_equal(*P8(g_m_epoch), f->epoch);
	if (!f->ok)
		return;
	for (unsigned i = 0; i < beat && number * beat + i < end; i++)
		assert_int_equal(((uint8_t *)PW(g_data))[i], f->stream[number * beat + i]);
	assert_int_equal(*P16(g_sa), f->sa);
	assert_int_equal(*P8(g_key_size), f->key_size);
	assert_int_equal(*P16(g_len), 4 * f->words);
	assert_int_equal(*P8(g_m_job), f->job);
	/* RFC 4106, 4 and 5: salt and IV; SPI and sequence number, 64 bits of it with ESN. */
	memcpy(nonce, &f->salt, 4);
	memcpy(nonce + 4, f->stream + 8, 8);
	assert_memory_equal(PW(g_nonce), nonce, 12);
	memcpy(aad, f->stream, 4);
	if (f->esn)
		put32(aad + 4, (uint32_t)(f->seq >> 32));
	put32(aad + (f->esn ? 8 : 4), (uint32_t)f->seq);
	assert_memory_equal(PW(g_aad), aad, 16);
	assert_int_equal(*P16(g_aad_len), f->esn ? 12 : 8);
}

static void write_salt(unsigned sa, uint32_t salt, int all)
{
	*P8(g_key_wr) = 1;
	*P8(g_key_all) = (uint8_t)all;
	*P8(g_key_slot) = all ? 0 : 20;
	*P16(g_key_sa) = (uint16_t)sa;
	*P32(g_key_salt) = salt;
}

static void test_frame(void **state)
{
	static struct framed packets[64];
	uint32_t salts[SAS];
	unsigned in = 0, out = 0, beat_in = 0, beats_left = 0, beat_out = 0, starts = 0, ends = 0, beat = beat_bytes(), nulls = 0, gaps = 0;
	int inside = 0, spent[3] = {0}, offered = 0;

	(void)state;
	reset();
	for (unsigned i = 0; i < SAS; i++) {
		write_salt(i, salts[i] = (uint32_t)rand() * 2u, 0);
		dut_edge();
	}
	*P8(g_key_wr) = 0;
	for (unsigned cycle = 0; cycle < CYCLES * test_scale(); cycle++) {
		int fast = cycle / 500 % 2; /* nothing is held up: no cycle is lost */
		struct framed *f = &packets[in % 64];

		*P8(g_epoch) = (uint8_t)rnd(2);
		*P8(g_room) = fast || chance(70);
		if (!offered && (fast || chance(80))) {
			make_framed(f, salts);
			offered = 1;
			beat_in = 0;
		}
		*P8(g_job_valid) = (uint8_t)offered;
		/* A beat that is on offer stays; the record is what the packet is taken by. */
		*P8(g_beat_valid) = offered && beat_in < f->in_beats && (*P8(g_beat_valid) || fast || chance(80));
		if (offered) {
			*P8(g_job_ok) = (uint8_t)f->ok;
			*P16(g_job_len) = (uint16_t)f->len;
			*P16(g_job_sa) = (uint16_t)f->sa;
			*P16(g_job_c4) = (uint16_t)f->words;
			*P16(g_job_last_dw) = (uint16_t)(f->words + 7);
			*P8(g_job_key_size) = f->key_size;
			*P8(g_job_esn) = (uint8_t)f->esn;
			*P32(g_job_spi) = f->spi;
			*P64(g_job_seq) = f->seq;
			*P8(g_beat_job) = f->job;
			*P8(g_beat_last) = beat_in + 1 == f->in_beats;
			memcpy(PW(g_beat_data), f->bytes + beat_in * beat, beat);
		}
		/* Salts of SAs without packets are written, and read to wipe the registers, at any time. */
		*P8(g_key_wr) = 0;
		*P8(g_key_flush) = chance(20);
		*P16(g_key_sa) = (uint16_t)rnd(SAS);
		if (chance(10)) {
			unsigned sa = rnd(SAS);
			int used = offered && f->sa == sa;

			for (unsigned i = out; i != in; i++)
				used |= packets[i % 64].sa == sa;
			if (!used)
				write_salt(sa, salts[sa] = (uint32_t)rand() * 2u, 0);
		}
		dut_settle();
		int take = *P8(g_beat_valid) && *P8(g_beat_ready), pop = *P8(g_job_valid) && *P8(g_job_ready);

		/* It begins only with room, and then nothing but its own beats holds it. */
		if (!inside && !*P8(g_room))
			assert_false(take || pop || *P8(g_spend) || *P8(g_start));
		assert_int_equal(*P8(g_begun), inside || (offered && f->ok && *P8(g_spend)));
		assert_int_equal(*P8(g_start), *P8(g_spend) && !inside);
		if (*P8(g_start)) {
			f->epoch = *P8(g_epoch);
			beats_left = f->out_beats;
			starts++;
		}
		if (*P8(g_spend)) {
			assert_true(beats_left--);
			inside = beats_left != 0;
			assert_int_equal(pop, !inside);
		} else {
			assert_false(pop);
			if (fast && offered && f->ok) /* an error's beats are passed over, a good packet's never wait */
				gaps++;
		}
		memmove(spent + 1, spent, sizeof spent - sizeof spent[0]);
		spent[0] = *P8(g_spend);
		beat_in += (unsigned)take;
		if (pop) {
			assert_int_equal(beat_in, f->in_beats);
			in++;
			offered = 0;
			ends++;
		}
		dut_edge();
		if (take)
			*P8(g_beat_valid) = 0;
		/* Latency 2 cycles. */
		assert_int_equal(*P8(g_valid), spent[1]);
		if (*P8(g_valid)) {
			f = &packets[out % 64];
			check_frame(f, beat_out);
			nulls += *P8(g_null);
			if (++beat_out == f->out_beats) {
				out++;
				beat_out = 0;
			}
		}
	}
	assert_int_equal(gaps, 0);
	assert_int_equal(starts, ends + (unsigned)inside);
	assert_true(ends > CYCLES / 128 && nulls > 10);
}

/* A wiped salt: nothing is left of it, in the register neither. */
static void test_frame_salt(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 20; round++) {
		unsigned sa = rnd(SAS), len = 1 + rnd(16), words = trailed_words(len);
		uint32_t salt = (uint32_t)rand() | 1;

		reset();
		write_salt(sa, salt, 0);
		dut_edge();
		*P8(g_key_wr) = 0;
		*P8(g_room) = *P8(g_job_valid) = *P8(g_beat_valid) = *P8(g_beat_last) = *P8(g_job_ok) = 1;
		*P16(g_job_len) = (uint16_t)len;
		*P16(g_job_sa) = (uint16_t)sa;
		*P16(g_job_c4) = (uint16_t)words;
		*P16(g_job_last_dw) = (uint16_t)(words + 7);
		for (int done = 0; !done;) {
			dut_settle();
			done = *P8(g_job_ready);
			int taken = *P8(g_beat_ready);

			dut_edge();
			if (taken)
				*P8(g_beat_valid) = 0;
		}
		*P8(g_job_valid) = 0;
		dut_edge();
		assert_int_equal(*PW(g_nonce), salt);
		write_salt(sa, 0, 1);
		dut_edge();
		*P8(g_key_wr) = 0;
		*P8(g_key_flush) = 1;
		for (unsigned i = 0; i < 32; i++)
			dut_edge();
		assert_int_equal(*PW(g_nonce), 0);
	}
}

/* ---- esp_encap_out -------------------------------------------------------------------------------------------------------------------------- */

#define OUT_BEATS 64u

struct sent {
	int null;
	uint8_t job, status, tag[16], header[20], stream[MAX_BYTES];
	unsigned words, len, sa, in_beats, out_beats; /* words: header, IV and payload in front of the ICV */
};

static void make_sent(struct sent *p)
{
	random_bytes(p, sizeof *p);
	p->null = chance(15);
	p->words = chance(20) ? 5 + rnd(MAX_BYTES / 4 - 20) : 5 + rnd(40);
	p->sa &= 0xffff;
	p->status = p->null ? (uint8_t)(1 + rnd(25)) : ESP_STATUS_OK;
	p->len = p->null ? 0 : 20 + 4 * p->words + 16;
	p->in_beats = p->null ? 1 : beats_of(4 * p->words + 16);
	p->out_beats = p->null ? 1 : beats_of(p->len);
	if (p->null)
		memset(p->header, 0, 20);
}

static uint8_t sent_byte(const struct sent *p, unsigned at)
{
	if (at >= p->len)
		return 0;
	if (at < 20)
		return p->header[at];
	return at < 20 + 4 * p->words ? p->stream[at - 20] : p->tag[at - 20 - 4 * p->words];
}

enum { NOTHING, BEAT_JOB, TAG_JOB, RECORD_JOB };

/*
 * Packets until `count` are out. A part of number `strange_at` bears another job's number: its cipher beat `strange_beat`, its tag, or its
 * record. From there on no byte leaves: packets end as one beat with ENGINE_FAULT, or the one that has begun never ends.
 */
static void send_packets(unsigned count, unsigned strange_at, int strange, int late_tags)
{
	static struct sent packets[128];
	unsigned made = 0, beats_of_in = 0, beat_in = 0, tags = 0, records = 0, out = 0, beat_out = 0, credits = OUT_BEATS, quiet = 0, beat = beat_bytes();
	unsigned wrong_beat = 0; /* the output beat that shows it */
	unsigned strange_beat = rnd(100), held_back = 0;

	reset();
	while (out < count) {
		int slow = (int)(made / 40 % 2);

		while (made < count && made - out < 100)
			make_sent(&packets[made++ % 128]);
		*P8(o_beat_valid) = beats_of_in < made && credits && chance(slow ? 50 : 95);
		if (*P8(o_beat_valid)) {
			struct sent *p = &packets[beats_of_in % 128];

			if (beats_of_in == strange_at && beat_in == 0 && strange) {
				unsigned icv_beat = p->null ? 0 : 4 * p->words / beat;

				strange_beat %= p->in_beats;
				wrong_beat = strange == BEAT_JOB ? strange_beat : strange == TAG_JOB ? icv_beat : 0;
			}
			memcpy(PW(o_beat_data), p->stream + beat_in * beat, beat);
			*P8(o_beat_job) = (uint8_t)(p->job + (beats_of_in == strange_at && strange == BEAT_JOB && beat_in == strange_beat));
			credits--;
			if (++beat_in == p->in_beats) {
				beats_of_in++;
				beat_in = 0;
			}
		}
		/* Records run ahead of the beats or behind them, the tag comes behind its packet's last. */
		*P8(o_record_valid) = records < made && records < out + OUT_BEATS - 4 && chance(60);
		if (*P8(o_record_valid)) {
			struct sent *p = &packets[records % 128];

			*P64(o_record_user) = sideband((uint8_t)(p->job + (records == strange_at && strange == RECORD_JOB)), p->len, p->sa, p->status);
			*P8(o_record_null) = (uint8_t)p->null;
			memcpy(PW(o_record_header), p->header, 20);
			*P16(o_record_icv_dw) = (uint16_t)(p->null ? 0 : p->words);
			*P16(o_record_in_last) = (uint16_t)(p->in_beats - 1);
			*P16(o_record_out_last) = (uint16_t)(p->out_beats - 1);
			records++;
		}
		*P8(o_tag_valid) = tags < beats_of_in && !(late_tags && held_back < 100) && chance(60);
		held_back = tags < beats_of_in && !*P8(o_tag_valid) ? held_back + 1 : 0;
		if (*P8(o_tag_valid)) {
			struct sent *p = &packets[tags % 128];

			memcpy(PW(o_tag), p->tag, 16);
			*P8(o_tag_job) = (uint8_t)(p->job + (tags == strange_at && strange == TAG_JOB));
			tags++;
		}
		*P8(o_ready) = chance(slow ? 30 : 90);
		dut_settle();
		int left = *P8(o_valid) && *P8(o_ready);

		if (*P8(o_valid)) {
			struct sent *p = &packets[out % 128];
			int refused = out > strange_at || (out == strange_at && beat_out >= wrong_beat);
			uint8_t job = (uint8_t)(p->job + (out == strange_at && strange == RECORD_JOB));

			assert_true(out < beats_of_in + (beat_in != 0) && out < records);
			if (refused) {
				assert_true(wrong_beat == 0); /* else it had begun, and never ends */
				assert_true(*P8(o_last));
				assert_int_equal(*P64(o_user), sideband(job, 0, p->sa, ESP_STATUS_ENGINE_FAULT));
			} else {
				assert_int_equal(*P64(o_user), sideband(job, p->len, p->sa, p->status));
				assert_int_equal(*P8(o_last), beat_out + 1 == p->out_beats);
				/* What holds a byte of the ICV waits for the tag; a null packet has one, too. */
				if (p->null || (beat_out + 1) * beat > 20 + 4 * p->words)
					assert_true(out < tags);
			}
			for (unsigned i = 0; i < beat; i++)
				assert_int_equal(((uint8_t *)PW(o_data))[i], refused ? 0 : sent_byte(p, beat_out * beat + i));
			if (left && *P8(o_last)) {
				out++;
				beat_out = 0;
			} else {
				beat_out += (unsigned)left;
			}
		}
		dut_edge();
		credits += *P8(o_freed);
		assert_true(credits <= OUT_BEATS);
		/*
		 * What needs no more than is there leaves. With late tags: every cipher beat in front of the ICV, though its packet has no tag.
		 * A beat of the packet is the cipher's beat and the 20 bytes before it, so it goes as soon as that one comes.
		 */
		struct sent *p = &packets[out % 128];
		unsigned have = out < beats_of_in ? p->in_beats : out == beats_of_in ? beat_in : 0;
		int could = out < records && beat_out < have && (out < tags || (!p->null && (beat_out + 1) * beat <= 4 * p->words));

		quiet = left || !could ? 0 : quiet + *P8(o_ready);
		if (out == strange_at && wrong_beat && quiet > 100)
			return; /* halted; nothing showed all the while */
		assert_true(quiet <= (strange_at == UINT32_MAX ? 12 : 200));
	}
}

static void test_out(void **state)
{
	(void)state;
	send_packets(CYCLES / 10 * test_scale(), UINT32_MAX, NOTHING, 0);
	send_packets(200, UINT32_MAX, NOTHING, 1);
}

static void test_out_mixed(void **state)
{
	(void)state;
	for (int strange = BEAT_JOB; strange <= RECORD_JOB; strange++)
		for (unsigned i = 0; i < 20; i++)
			send_packets(60, rnd(40), strange, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_front), cmocka_unit_test(test_frame),	cmocka_unit_test(test_frame_salt),
		cmocka_unit_test(test_out),   cmocka_unit_test(test_out_mixed),
	};

	srand(test_seed());
	dut_open(getenv("ESPALIER_TRACE"));
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	dut_close();
	return failed;
}
