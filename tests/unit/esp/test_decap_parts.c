/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of decapsulation behind the cipher, each beside a model in C written from the RFCs and the module's header: what the trailer and the
 * inner header say (esp_decap_trailer), the verdict (esp_decap_verdict), and the buffer that releases a packet on its verdict alone
 * (esp_decap_release). Random numbers follow ESPALIER_TEST_SEED, their count ESPALIER_TEST_SCALE.
 */
#include "esp_parts.h"

/* ---- esp_decap_trailer ------------------------------------------------------------------------------------------------------------- */

struct opened {
	int null, ce;
	uint8_t job, bytes[16 + MAX_BYTES + 16]; /* ESP header and IV, payload, ICV */
	unsigned c, in_beats, buf_beats;         /* c: payload with trailer */
	/* what must come of it */
	unsigned status, last_byte;
	uint8_t first[16]; /* the payload's first bytes, as they are written */
};

/* RFC 4303, 2.4 to 2.6; RFC 791; RFC 6040, 4.2. */
static void judge_payload(struct opened *p)
{
	const uint8_t *b = p->bytes + 16;
	unsigned pad = b[p->c - 2], next = b[p->c - 1], total = (unsigned)(b[2] << 8 | b[3]), header = 4u * (b[0] & 15), ecn = b[1] & 3;
	int pad_bad = pad > p->c - 2;

	for (unsigned i = 0; !pad_bad && i < pad; i++)
		pad_bad = b[p->c - 2 - pad + i] != i + 1;
	p->last_byte = total - 1;
	if (pad_bad)
		p->status = ESP_STATUS_BAD_PADDING;
	else if (next == 59)
		p->status = ESP_STATUS_DUMMY;
	else if (next != 4)
		p->status = ESP_STATUS_BAD_NEXT_HEADER;
	else if (b[0] >> 4 != 4 || header < 20 || total < header || total > p->c - 2 - pad)
		p->status = ESP_STATUS_INNER_MALFORMED;
	else
		p->status = p->ce && ecn == 0 ? ESP_STATUS_ECN_INVALID : ESP_STATUS_OK;
	memcpy(p->first, b, 16);
	if (p->ce && (ecn == 1 || ecn == 2)) { /* RFC 1624, equation 3 */
		unsigned before = (unsigned)(b[0] << 8 | b[1]), sum = (unsigned)(uint16_t) ~(b[10] << 8 | b[11]) + (uint16_t)~before + (before | 3);

		while (sum >> 16)
			sum = (sum & 0xffff) + (sum >> 16);
		p->first[1] |= 3;
		p->first[10] = (uint8_t)(~sum >> 8);
		p->first[11] = (uint8_t)~sum;
	}
}

static void make_opened(struct opened *p)
{
	static const unsigned edges[] = {0, 1, 2, 3, 4, 20, 254, 255};
	uint8_t *b = p->bytes + 16;
	unsigned inner = chance(20) ? 20 + rnd(1200) : 20 + rnd(100), pad = chance(50) ? rnd(4) : chance(50) ? rnd(256) : edges[rnd(8)];

	random_bytes(p, sizeof *p);
	p->null = chance(10);
	p->ce = chance(30);
	p->in_beats = 1;
	p->buf_beats = 0;
	if (p->null)
		return;
	if (chance(10))
		inner = rnd(24);
	while ((inner + pad + 2) % 4) /* as the front end lets in */
		inner++;
	p->c = inner + pad + 2;
	b[0] = 0x45;
	b[2] = (uint8_t)(inner >> 8);
	b[3] = (uint8_t)inner;
	if (chance(10)) { /* traffic flow padding, RFC 4303, 2.7, or too much of it */
		b[3] = (uint8_t)rand();
		b[2] &= (uint8_t)rnd(256);
	}
	if (chance(5)) { /* one byte more than there is */
		b[2] = (uint8_t)((inner + 1) >> 8);
		b[3] = (uint8_t)(inner + 1);
	}
	if (chance(5))
		b[0] = (uint8_t)(0x40 | rnd(16));
	if (chance(3))
		b[0] = (uint8_t)rand();
	for (unsigned i = 0; i < pad; i++)
		b[inner + i] = (uint8_t)(i + 1);
	b[p->c - 2] = (uint8_t)pad;
	b[p->c - 1] = 4;
	if (pad && chance(20)) /* one byte of the padding is wrong, or all up to one */
		for (unsigned last = rnd(pad), i = chance(50) ? last : 0, d = 1 + rnd(255); i <= last; i++)
			b[inner + i] += (uint8_t)d;
	if (chance(5)) /* other lengths: the last pad byte, or one too many or too few */
		b[p->c - 2] = chance(50) ? (uint8_t)(pad + 1) : (uint8_t)rand();
	if (p->c < 250 && chance(5)) /* more padding than payload, and its last byte is right */
		b[p->c - 2] = b[p->c - 3] = (uint8_t)(p->c - 1 + rnd(4));
	if (chance(5))
		b[p->c - 1] = chance(50) ? 59 : (uint8_t)rand();
	p->in_beats = beats_of(32 + p->c);
	p->buf_beats = beats_of(p->c);
	judge_payload(p);
}

static void test_trailer(void **state)
{
	static struct opened packets[32];
	unsigned in = 0, beat_in = 0, buf = 0, beat_buf = 0, out = 0, quiet = 0, seen[32] = {0}, beat = beat_bytes();

	(void)state;
	reset();
	for (unsigned cycle = 0; cycle < CYCLES * test_scale(); cycle++) {
		struct opened *p = &packets[in % 32];

		*P8(t_valid) = (int)(in - out) < 30 && chance(cycle / 400 % 2 ? 100 : 60);
		if (*P8(t_valid)) {
			if (beat_in == 0)
				make_opened(p);
			*P8(t_first) = beat_in == 0;
			*P8(t_last) = beat_in + 1 == p->in_beats;
			*P8(t_null) = (uint8_t)p->null;
			*P8(t_job) = p->job;
			*P8(t_ce) = (uint8_t)p->ce;
			*P16(t_c) = (uint16_t)p->c;
			memcpy(PW(t_data), p->bytes + beat_in * beat, beat);
			if (++beat_in == p->in_beats) {
				in++;
				beat_in = 0;
			}
		} else {
			random_bytes(PW(t_data), beat);
		}
		dut_edge();
		/* What is all there is judged 8 cycles later. */
		while (out < in && packets[out % 32].null)
			out++;
		quiet = out < in ? quiet + 1 : 0;
		assert_true(quiet <= 9);
		if (*P8(t_buf_valid)) {
			while (packets[buf % 32].null && buf < in)
				buf++;
			p = &packets[buf % 32];
			assert_true(buf < in || (buf == in && beat_in));
			assert_int_equal(*P8(t_buf_job), p->job);
			for (unsigned i = 0; i < beat && beat_buf * beat + i < p->c; i++) {
				unsigned at = beat_buf * beat + i;

				assert_int_equal(((uint8_t *)PW(t_buf_data))[i], at < 16 && at < p->c ? p->first[at] : p->bytes[16 + at]);
			}
			if (++beat_buf == p->buf_beats) {
				buf++;
				beat_buf = 0;
			}
		}
		if (*P8(t_out_valid)) {
			p = &packets[out % 32];
			assert_true(out < buf); /* with 1 lane the ICV may still be to come */
			assert_int_equal(*P8(t_out_job), p->job);
			assert_int_equal(*P8(t_out_status), p->status);
			if (p->status == ESP_STATUS_OK)
				assert_int_equal(*P16(t_out_last_byte), p->last_byte);
			seen[p->status]++;
			out++;
			quiet = 0;
		}
	}
	assert_true(seen[ESP_STATUS_OK] > 100 && seen[ESP_STATUS_BAD_PADDING] && seen[ESP_STATUS_DUMMY] && seen[ESP_STATUS_BAD_NEXT_HEADER] &&
		    seen[ESP_STATUS_INNER_MALFORMED] && seen[ESP_STATUS_ECN_INVALID]);
}

/* ---- esp_decap_verdict --------------------------------------------------------------------------------------------------------------- */

enum { FRESH, OLD, KNOWN, BROKEN }; /* what the replay update answers */
enum { NOTHING, ICV_JOB, TAG_JOB, TRAILER_JOB, INFO_JOB };

struct judged {
	uint8_t job, epoch, front, trailer, tag[16], icv[16], window;
	uint16_t sa, last_byte, in_beats, buf_beats;
	uint64_t seq;
	int equal, replay, strange; /* strange: which part bears another job's number */
};

static void make_judged(struct judged *j)
{
	random_bytes(j, sizeof *j);
	j->front = chance(20) ? (uint8_t)(1 + rnd(27)) : ESP_STATUS_OK;
	j->trailer = chance(20) ? (uint8_t)(ESP_STATUS_BAD_PADDING + rnd(4)) : ESP_STATUS_OK;
	j->epoch &= 1;
	j->in_beats &= 0x7ff;
	j->buf_beats &= 0x7ff;
	j->replay = chance(60) ? FRESH : (int)rnd(4);
	j->strange = NOTHING;
	j->equal = chance(80);
	memcpy(j->icv, j->tag, 16);
	if (!j->equal) /* one bit, anywhere */
		j->icv[rnd(16)] ^= (uint8_t)(1 << rnd(8));
}

static unsigned judge(const struct judged *j)
{
	static const uint8_t replay[] = {[OLD] = ESP_STATUS_REPLAY_OLD, [KNOWN] = ESP_STATUS_REPLAY_DUPLICATE, [BROKEN] = ESP_STATUS_SA_FAULT};

	if (j->front != ESP_STATUS_OK)
		return j->front;
	if (!j->equal)
		return ESP_STATUS_ICV_MISMATCH;
	return j->replay == FRESH ? j->trailer : replay[j->replay];
}

/* Packets until `count` have come to their verdict. Number `strange_at` is put together of two jobs: it and all behind it are refused. */
static void judge_packets(unsigned count, unsigned strange_at, int strange)
{
	static struct judged packets[256];
	unsigned entered = 0, icvs = 0, tags = 0, trailers = 0, updates = 0, out = 0, quiet = 0, answer_in[4] = {0}, verified = 0;
	unsigned icvs_before[2] = {0}; /* the received ICV is stored when its tag comes */
	int updated = 0;

	reset();
	while (out < count) {
		unsigned speed = entered / 200 % 2 ? 100 : 40;

		*P8(v_enter) = entered < count && entered - out < 200 && chance(speed);
		if (*P8(v_enter)) {
			struct judged *j = &packets[entered % 256];

			make_judged(j);
			if (entered == strange_at) {
				j->front = ESP_STATUS_OK;
				j->equal = 1;
				memcpy(j->icv, j->tag, 16);
				j->strange = strange;
			}
			*P8(v_enter_job) = (uint8_t)(j->job + (j->strange == INFO_JOB));
			*P8(v_enter_epoch) = j->epoch;
			*P16(v_enter_sa) = j->sa;
			*P8(v_enter_status) = j->front;
			*P64(v_enter_seq) = j->seq;
			*P8(v_enter_window) = j->window;
			*P16(v_enter_in_beats) = j->in_beats;
			*P16(v_enter_buf_beats) = j->buf_beats;
			entered++;
		}
		/* A packet's ICV is there before its tag, the trailer before or behind it; a null token has a tag alone. */
		while (icvs < entered && packets[icvs % 256].front)
			icvs++;
		*P8(v_icv_valid) = icvs < entered && chance(speed);
		if (*P8(v_icv_valid)) {
			struct judged *j = &packets[icvs++ % 256];

			memcpy(PW(v_icv), j->icv, 16);
			*P8(v_icv_job) = (uint8_t)(j->job + (j->strange == ICV_JOB));
		}
		while (trailers < entered && packets[trailers % 256].front)
			trailers++;
		*P8(v_trailer_valid) = trailers < entered && chance(speed);
		if (*P8(v_trailer_valid)) {
			struct judged *j = &packets[trailers++ % 256];

			*P8(v_trailer_job) = (uint8_t)(j->job + (j->strange == TRAILER_JOB));
			*P8(v_trailer_status) = j->trailer;
			*P16(v_trailer_last_byte) = j->last_byte;
		}
		*P8(v_tag_valid) = tags < icvs_before[1] && chance(speed);
		icvs_before[1] = icvs_before[0];
		icvs_before[0] = icvs < entered ? icvs : entered;
		if (*P8(v_tag_valid)) {
			struct judged *j = &packets[tags++ % 256];

			*P8(v_tag_null) = j->front != ESP_STATUS_OK;
			*P8(v_tag_job) = (uint8_t)(j->job + (j->strange == TAG_JOB));
			memcpy(PW(v_tag), j->tag, 16);
		}
		/* The replay state answers 4 cycles behind the update; at other times the wire means nothing. */
		*P8(v_replay) = answer_in[3] ? (uint8_t)(answer_in[3] - 1) : (uint8_t)rnd(4);
		dut_settle();
		memmove(answer_in + 1, answer_in, sizeof answer_in - sizeof answer_in[0]);
		answer_in[0] = 0;
		if (*P8(v_update)) {
			while (packets[updates % 256].front || !packets[updates % 256].equal)
				updates++;
			struct judged *j = &packets[updates % 256];

			assert_true(updates < tags && updates < trailers && updates < strange_at); /* the ICV, and all of the packet, is known */
			assert_false(updated); /* no two in cycles that follow */
			assert_true(*P8(v_update_verified));
			assert_int_equal(*P16(v_update_sa), j->sa);
			assert_int_equal(*P64(v_update_seq), j->seq);
			assert_int_equal(*P8(v_update_window), j->window);
			answer_in[0] = (unsigned)j->replay + 1;
			updates++;
		}
		updated = *P8(v_update);
		dut_edge();
		/* One that is all there is told within 12 cycles, one more a packet before it. */
		quiet = out < tags && out < trailers ? quiet + 1 : 0;
		assert_true(quiet <= 14);
		if (!*P8(v_valid))
			continue;
		struct judged *j = &packets[out % 256];
		int refused = out >= strange_at, right = !refused && !j->front && j->equal;

		assert_true(out < tags);
		assert_int_equal(*P8(v_job), (uint8_t)(j->job + (j->strange == INFO_JOB)));
		assert_int_equal(*P8(v_epoch), j->epoch);
		assert_int_equal(*P16(v_sa), j->sa);
		assert_int_equal(*P8(v_status), refused ? ESP_STATUS_ENGINE_FAULT : judge(j));
		assert_int_equal(*P8(v_verified), right);
		assert_int_equal(*P8(v_ok), right && judge(j) == ESP_STATUS_OK);
		if (*P8(v_ok))
			assert_int_equal(*P16(v_last_byte), j->last_byte);
		assert_int_equal(*P16(v_in_beats), j->in_beats);
		assert_int_equal(*P16(v_buf_beats), j->buf_beats);
		assert_true(!right || updates > out); /* told behind its update */
		verified += (unsigned)right;
		out++;
		quiet = 0;
	}
	assert_true(strange_at < count || verified > count / 2);
}

static void test_verdict(void **state)
{
	(void)state;
	judge_packets(CYCLES / 5 * test_scale(), UINT32_MAX, NOTHING);
}

static void test_verdict_mixed(void **state)
{
	(void)state;
	for (int strange = ICV_JOB; strange <= INFO_JOB; strange++)
		for (unsigned i = 0; i < 10; i++)
			judge_packets(100, rnd(60), strange);
}

/* ---- esp_decap_release --------------------------------------------------------------------------------------------------------------- */

#define BUFFER 64u /* beats */

struct released {
	uint8_t job, status, verified, ok, bytes[MAX_BYTES];
	uint16_t sa, in_beats, last_byte;
	unsigned buf_beats, strange_beat; /* strange_beat: from which on the beats are another job's */
};

static void make_released(struct released *p, int strange)
{
	unsigned len = chance(20) ? 1 + rnd(MAX_BYTES / 2) : 1 + rnd(200), limit = beat_bytes() * BUFFER / 2;

	random_bytes(p, sizeof *p);
	len = len > limit ? limit : len;
	p->in_beats &= 0x7ff;
	p->status = p->ok = p->verified = 0;
	p->strange_beat = UINT32_MAX;
	p->last_byte = (uint16_t)(len - 1);
	p->buf_beats = beats_of(len + rnd(40)); /* padding */
	if (strange) {
		p->ok = p->verified = 1;
		p->strange_beat = rnd(beats_of(len));
	} else if (chance(60)) {
		p->ok = p->verified = 1;
	} else { /* a null token, a right ICV and another reason, or what a verdict that was damaged on its way would say */
		p->status = (uint8_t)(1 + rnd(27));
		p->verified = chance(30);
		p->ok = !p->verified && chance(50);
		p->buf_beats = chance(50) ? 0 : p->buf_beats;
	}
}

/* Packets until `count` are out, or, with `strange_at`, until what may leave has left: up to the first beat of another job. */
static void release_packets(unsigned count, unsigned strange_at)
{
	static struct released packets[128];
	unsigned written = 0, beat_in = 0, told = 0, out = 0, beat_out = 0, held = 0, done = 0, quiet = 0, good = 0, beat = beat_bytes();
	int waiting = 0;

	reset();
	while (out < count) {
		struct released *p = &packets[written % 128];
		int slow = (int)(written / 50 % 2);

		/* Beats come when there is room for the whole packet. */
		*P8(r_buf_valid) = 0;
		if (beat_in == 0 && !waiting && written < count && written - out < 100) {
			make_released(p, written == strange_at);
			waiting = 1;
		}
		if (waiting && beat_in == 0 && p->buf_beats == 0) {
			waiting = 0;
			written++;
		} else if (waiting && held + (beat_in ? 0 : p->buf_beats) <= BUFFER && chance(slow ? 50 : 95)) {
			if (beat_in == 0)
				held += p->buf_beats;
			*P8(r_buf_valid) = 1;
			*P8(r_buf_job) = (uint8_t)(p->job + (beat_in >= p->strange_beat));
			memcpy(PW(r_buf_data), p->bytes + beat_in * beat, beat);
			if (++beat_in == p->buf_beats) {
				written++;
				beat_in = 0;
				waiting = 0;
			}
		}
		/* Behind its beats. */
		*P8(r_verdict) = (told + 1 < written || (told + 1 == written && !*P8(r_buf_valid))) && chance(slow ? 80 : 30);
		if (*P8(r_verdict)) {
			p = &packets[told++ % 128];
			*P8(r_verdict_job) = p->job;
			*P16(r_verdict_sa) = p->sa;
			*P8(r_verdict_status) = p->status;
			*P8(r_verdict_verified) = p->verified;
			*P8(r_verdict_ok) = p->ok;
			*P16(r_verdict_last_byte) = p->last_byte;
			*P16(r_verdict_in_beats) = p->in_beats;
			*P16(r_verdict_buf_beats) = (uint16_t)p->buf_beats;
		}
		*P8(r_ready) = chance(slow ? 30 : 90);
		dut_settle();
		int left = *P8(r_valid) && *P8(r_ready);

		if (*P8(r_valid)) { /* it shows, taken or not */
			p = &packets[out % 128];
			int right = p->ok && p->verified;
			unsigned len = right ? p->last_byte + 1u : 0;

			assert_true(out < told);
			assert_true(out < strange_at || beat_out < p->strange_beat);
			assert_int_equal(*P64(r_user), sideband(p->job, len, p->sa, p->status));
			assert_int_equal(*P8(r_last), !right || beat_out + 1 == beats_of(len));
			for (unsigned i = 0; i < beat; i++)
				assert_int_equal(((uint8_t *)PW(r_data))[i], beat_out * beat + i < len ? p->bytes[beat_out * beat + i] : 0);
			if (left && *P8(r_last)) {
				out++;
				beat_out = 0;
				good += (unsigned)right;
			} else {
				beat_out += (unsigned)left;
			}
		}
		dut_edge();
		if (*P8(r_done)) { /* the room comes back once a packet, with what it held at the input */
			assert_true(done < told);
			assert_int_equal(*P16(r_done_in_beats), packets[done % 128].in_beats);
			held -= packets[done++ % 128].buf_beats;
		}
		quiet = left || out == told ? 0 : quiet + *P8(r_ready);
		if (strange_at < told && out == strange_at && quiet > 100)
			return; /* it has ended, and the check above held all the while */
		assert_true(quiet <= (strange_at < told ? 200 : 8));
	}
	assert_true(strange_at >= count && good > count / 3);
}

static void test_release(void **state)
{
	(void)state;
	release_packets(CYCLES / 10 * test_scale(), UINT32_MAX);
}

static void test_release_mixed(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 40; i++)
		release_packets(60, rnd(40));
}

/* Latency 5 cycles from a verdict to its first beat; then a beat a cycle, also across packets. */
static void test_release_rate(void **state)
{
	unsigned beats = 0, packet_beats = BUFFER / 8;

	(void)state;
	reset();
	*P8(r_ready) = 1;
	*P8(r_buf_valid) = 1;
	*P8(r_buf_job) = 9;
	for (unsigned i = 0; i < BUFFER; i++)
		dut_edge();
	*P8(r_buf_valid) = 0;
	*P8(r_verdict_job) = 9;
	*P8(r_verdict_status) = 0;
	*P8(r_verdict_ok) = *P8(r_verdict_verified) = 1;
	*P16(r_verdict_last_byte) = (uint16_t)(packet_beats * beat_bytes() - 1);
	*P16(r_verdict_buf_beats) = (uint16_t)packet_beats;
	for (unsigned cycle = 0; cycle < 5 + BUFFER; cycle++) {
		*P8(r_verdict) = cycle < 8;
		dut_settle();
		assert_int_equal(*P8(r_valid), cycle >= 5);
		beats += *P8(r_valid);
		dut_edge();
	}
	assert_int_equal(beats, BUFFER);
	assert_false(*P8(r_valid));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trailer), cmocka_unit_test(test_verdict),	      cmocka_unit_test(test_verdict_mixed),
		cmocka_unit_test(test_release), cmocka_unit_test(test_release_mixed), cmocka_unit_test(test_release_rate),
	};

	srand(test_seed());
	dut_open(getenv("ESPALIER_TRACE"));
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	dut_close();
	return failed;
}
