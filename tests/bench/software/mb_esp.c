/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bursts of ESP with ipsec-mb, in three passes over up to MB_CHUNK packets: everything in front of the cipher, the cipher, everything behind.
 * So the cipher never waits for the stores of its own packet's framing. Statuses and results are those of the software reference.
 */
#include "mb_esp.h"

#include <string.h>

#define PROTO_ESP 50u
#define NEXT_HEADER_IPV4 4u
#define NEXT_HEADER_NONE 59u
#define DF 0x4000u
#define FRAGMENT_BITS 0x3fffu
#define ECN_MASK 3u
#define ECN_CE 3u
#define TEXT (IPV4_HDR + ESP_HDR + ESP_IV)
#define LONG_PACKET 512u /* from here on three calls cost less than a copy of the packet */

/* A packet between the passes. */
struct job {
	struct espalier_op *op;
	struct mb_sa *sa; /* NULL: op->status says why there is nothing to do */
	const uint8_t *in;
	uint8_t *out;
	uint32_t body; /* bytes with trailer */
	uint32_t len;  /* of the inner packet, to be sealed */
	uint64_t seq;
	uint32_t aad_len;
	uint8_t nonce[12], aad[12], icv[ESP_ICV];
};

static void set_nonce(struct job *job, const uint8_t *iv)
{
	const struct mb_sa *sa = job->sa;

	memcpy(job->nonce, sa->salt, 4);
	memcpy(job->nonce + 4, iv, ESP_IV);
	put32(job->aad, sa->spi);
	job->aad_len = sa->esn ? 12 : 8;
	if (sa->esn)
		put32(job->aad + 4, (uint32_t)(job->seq >> 32));
	put32(job->aad + job->aad_len - 4, (uint32_t)job->seq);
}

static uint8_t check_op(const struct espalier_op *op)
{
	uint32_t need = op->opcode == ESP_OPCODE_ENCAP ? espalier_plain_len(op->src_len) : op->src_len;

	if (op->opcode != ESP_OPCODE_ENCAP && (op->opcode != ESP_OPCODE_DECAP || op->sa))
		return ESP_STATUS_BAD_OPCODE;
	if (!op->src || !op->dst)
		return ESP_STATUS_BAD_ADDRESS;
	if (op->dst % ESPALIER_DST_ALIGN)
		return ESP_STATUS_BAD_ALIGNMENT;
	if (op->src_len == 0 || op->src_len > SOFT_MAX_PACKET)
		return ESP_STATUS_BAD_LENGTH;
	return op->dst_capacity < need ? ESP_STATUS_BUFFER_TOO_SMALL : ESP_STATUS_OK;
}

/* ---- encapsulation ---- */

static void put_trailer(uint8_t *p, uint32_t pad)
{
	for (uint32_t i = 0; i < pad; i++)
		p[i] = (uint8_t)(i + 1);
	p[pad] = (uint8_t)pad;
	p[pad + 1] = NEXT_HEADER_IPV4;
}

static void put_headers(struct job *job, uint32_t total)
{
	const struct mb_sa *sa = job->sa;
	const uint8_t *in = job->in;
	uint8_t *out = job->out;
	uint32_t df = get16(in + 6) & DF, sum;

	put32(out, 0x45000000u | (uint32_t)in[1] << 16 | total);
	put32(out + 4, (df ? 0 : (uint32_t)job->seq & 0xffff) << 16 | df);
	put32(out + 8, (uint32_t)sa->ttl << 24 | PROTO_ESP << 16);
	put32(out + 12, sa->src);
	put32(out + 16, sa->dst);
	sum = get16(out) + get16(out + 2) + get16(out + 4) + get16(out + 6) + get16(out + 8) + (sa->src >> 16) + (sa->src & 0xffff) +
	      (sa->dst >> 16) + (sa->dst & 0xffff);
	sum = (sum & 0xffff) + (sum >> 16);
	sum += sum >> 16;
	put16(out + 10, ~sum & 0xffff);
	put32(out + IPV4_HDR, sa->spi);
	put32(out + IPV4_HDR + 4, (uint32_t)job->seq);
	put32(out + IPV4_HDR + ESP_HDR, (uint32_t)(job->seq >> 32));
	put32(out + IPV4_HDR + ESP_HDR + 4, (uint32_t)job->seq);
}

static uint8_t frame(struct mb_dev *mb, struct job *job)
{
	struct mb_sa *sa = job->op->sa < MB_SAS ? &mb->sa[ESPALIER_OUTBOUND][job->op->sa] : NULL;
	uint32_t len = job->op->src_len, pad = -(len + 2) & 3u;
	const uint8_t *in = job->in;

	if (!sa || !sa->used)
		return ESP_STATUS_NO_SA;
	job->op->result_sa = job->op->sa;
	if (len < IPV4_HDR || in[0] >> 4 != 4 || (in[0] & 0xfu) < 5 || (in[0] & 0xfu) * 4 > len || get16(in + 2) != len)
		return ESP_STATUS_INNER_MALFORMED;
	if (sa->last_seq + 1 == (sa->esn ? 0 : 1ull << 32))
		return ESP_STATUS_SEQ_EXHAUSTED;
	job->seq = ++sa->last_seq;
	job->sa = sa;
	job->len = len;
	job->body = len + pad + 2;
	put_headers(job, TEXT + job->body + ESP_ICV);
	set_nonce(job, job->out + IPV4_HDR + ESP_HDR);
	if (len < LONG_PACKET)
		memcpy(job->out + TEXT, in, len);
	put_trailer(job->out + TEXT + len, pad);
	job->op->out_len = (uint16_t)(TEXT + job->body + ESP_ICV);
	return ESP_STATUS_OK;
}

static void seal(struct mb_dev *mb, const struct job *job)
{
	const struct mb_sa *sa = job->sa;
	uint8_t *text = job->out + TEXT;
	uint32_t whole = job->len & ~15u;

	if (job->len < LONG_PACKET) {
		sa->crypt(&sa->key, &mb->context, text, text, job->body, job->nonce, job->aad, job->aad_len, text + job->body, ESP_ICV);
		return;
	}
	memcpy(text + whole, job->in + whole, job->len - whole);
	sa->init(&sa->key, &mb->context, job->nonce, job->aad, job->aad_len);
	sa->update(&sa->key, &mb->context, text, job->in, whole);
	sa->update(&sa->key, &mb->context, text + whole, text + whole, job->body - whole);
	sa->finalize(&sa->key, &mb->context, text + job->body, ESP_ICV);
}

/* ---- decapsulation ---- */

void mb_index(struct mb_dev *mb)
{
	const uint32_t mask = sizeof(mb->by_spi) / sizeof(mb->by_spi[0]) - 1;

	memset(mb->by_spi, 0, sizeof(mb->by_spi));
	for (uint32_t i = 0; i < MB_SAS; i++) {
		uint32_t at = mb->sa[ESPALIER_INBOUND][i].spi & mask;

		if (!mb->sa[ESPALIER_INBOUND][i].used)
			continue;
		while (mb->by_spi[at])
			at = (at + 1) & mask;
		mb->by_spi[at] = (uint16_t)(i + 1);
	}
}

static struct mb_sa *find(struct mb_dev *mb, uint32_t spi, uint32_t dst)
{
	const uint32_t mask = sizeof(mb->by_spi) / sizeof(mb->by_spi[0]) - 1;

	for (uint32_t at = spi & mask; mb->by_spi[at]; at = (at + 1) & mask) {
		struct mb_sa *sa = &mb->sa[ESPALIER_INBOUND][mb->by_spi[at] - 1];

		if (sa->spi == spi && sa->dst == dst)
			return sa;
	}
	return NULL;
}

static uint8_t admit(struct mb_dev *mb, struct job *job)
{
	const uint8_t *in = job->in, *esp = in + IPV4_HDR;
	uint32_t len = job->op->src_len, total;
	struct mb_sa *sa;
	uint8_t status;

	if (len < IPV4_HDR || in[0] != 0x45)
		return ESP_STATUS_OUTER_MALFORMED;
	total = get16(in + 2);
	if (total > len || total < IPV4_HDR || soft_ipv4_checksum(in, IPV4_HDR))
		return ESP_STATUS_OUTER_MALFORMED;
	if (in[9] != PROTO_ESP)
		return ESP_STATUS_NOT_ESP;
	if (get16(in + 6) & FRAGMENT_BITS)
		return ESP_STATUS_FRAGMENT;
	if (total < TEXT + 4 + ESP_ICV || total % 4)
		return ESP_STATUS_ESP_TRUNCATED;
	sa = find(mb, get32(esp), get32(in + 16));
	if (!sa)
		return ESP_STATUS_NO_SA;
	job->op->result_sa = (uint16_t)(sa - mb->sa[ESPALIER_INBOUND]);
	if (!soft_replay_infer(&sa->replay, get32(esp + 4), &job->seq))
		return ESP_STATUS_REPLAY_OLD;
	status = soft_replay_check(&sa->replay, job->seq);
	if (status)
		return status;
	job->sa = sa;
	job->body = total - TEXT - ESP_ICV;
	set_nonce(job, esp + ESP_HDR);
	return ESP_STATUS_OK;
}

static void open_sealed(struct mb_dev *mb, struct job *job)
{
	const struct mb_sa *sa = job->sa;

	sa->crypt(&sa->key, &mb->context, job->out, job->in + TEXT, job->body, job->nonce, job->aad, job->aad_len, job->icv, ESP_ICV);
}

static bool same_icv(const uint8_t *a, const uint8_t *b)
{
	uint64_t x[2], y[2];

	memcpy(x, a, ESP_ICV);
	memcpy(y, b, ESP_ICV);
	return !((x[0] ^ y[0]) | (x[1] ^ y[1]));
}

static uint8_t merge_ecn(uint8_t outer_tos, uint8_t *plain)
{
	uint32_t before = get16(plain), sum;

	if ((outer_tos & ECN_MASK) != ECN_CE || (plain[1] & ECN_MASK) == ECN_CE)
		return ESP_STATUS_OK;
	if ((plain[1] & ECN_MASK) == 0)
		return ESP_STATUS_ECN_INVALID;
	plain[1] |= ECN_CE;
	sum = (~get16(plain + 10) & 0xffff) + (~before & 0xffff) + get16(plain);
	sum = (sum & 0xffff) + (sum >> 16);
	put16(plain + 10, ~(sum + (sum >> 16)) & 0xffff);
	return ESP_STATUS_OK;
}

/* The number is checked again: the burst may have brought it twice. */
static uint8_t release(struct job *job)
{
	uint8_t *plain = job->out, status;
	uint32_t pad = plain[job->body - 2], payload = job->body - 2 - pad, inner = get16(plain + 2);

	if (!same_icv(job->icv, job->in + TEXT + job->body))
		return ESP_STATUS_ICV_MISMATCH;
	status = soft_replay_check(&job->sa->replay, job->seq);
	if (status)
		return status;
	soft_replay_update(&job->sa->replay, job->seq);
	if (pad + 2 > job->body)
		return ESP_STATUS_BAD_PADDING;
	for (uint32_t i = 0; i < pad; i++)
		if (plain[payload + i] != i + 1)
			return ESP_STATUS_BAD_PADDING;
	if (plain[job->body - 1] != NEXT_HEADER_IPV4)
		return plain[job->body - 1] == NEXT_HEADER_NONE ? ESP_STATUS_DUMMY : ESP_STATUS_BAD_NEXT_HEADER;
	if (payload < IPV4_HDR || plain[0] >> 4 != 4 || (plain[0] & 0xfu) < 5 || inner < IPV4_HDR || (plain[0] & 0xfu) * 4 > inner || inner > payload)
		return ESP_STATUS_INNER_MALFORMED;
	job->op->out_len = (uint16_t)inner;
	return merge_ecn(job->in[1], plain);
}

/* ---- both ---- */

static void prepare(struct mb_dev *mb, struct job *job, struct espalier_op *op)
{
	job->op = op;
	job->sa = NULL;
	job->in = (const uint8_t *)(uintptr_t)op->src;
	job->out = (uint8_t *)(uintptr_t)op->dst;
	op->out_len = 0;
	op->result_sa = ESPALIER_SA_NONE;
	op->status = check_op(op);
	if (!op->status)
		op->status = op->opcode == ESP_OPCODE_ENCAP ? frame(mb, job) : admit(mb, job);
}

void mb_run(struct mb_dev *mb, struct espalier_op *const *ops, unsigned int count)
{
	struct job jobs[MB_CHUNK];

	for (unsigned int i = 0; i < count; i++)
		prepare(mb, &jobs[i], ops[i]);
	for (unsigned int i = 0; i < count; i++) {
		if (jobs[i].sa && ops[i]->opcode == ESP_OPCODE_ENCAP)
			seal(mb, &jobs[i]);
		else if (jobs[i].sa)
			open_sealed(mb, &jobs[i]);
	}
	for (unsigned int i = 0; i < count; i++) {
		struct espalier_op *op = ops[i];

		if (!jobs[i].sa || op->opcode == ESP_OPCODE_ENCAP)
			continue;
		op->status = release(&jobs[i]);
		if (op->status) {
			memset(jobs[i].out, 0, jobs[i].body);
			op->out_len = 0;
		}
	}
}
