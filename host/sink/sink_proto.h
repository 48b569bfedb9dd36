/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of the SA sink's socket, as docs/sa-sink.md lays them out: a header of 16 bytes and a body, integers in network order, one message
 * a packet of the SOCK_SEQPACKET socket. Bodies have one length for each kind but for a policy's, whose counts give it, an SA's, and texts.
 * The decoders check every length and range before they use it; what they accept the encoders would have written (reserved bytes are 0), but that they leave
 * out the number of an SA that is 0.
 */
#ifndef ESPALIER_SINK_PROTO_H
#define ESPALIER_SINK_PROTO_H

#include "sink/sink.h"

#define SINK_VERSION 1u
#define SINK_HEADER_LEN 16u
#define SINK_BODY_MAX (44u + 2u * SINK_TS_MAX * 48u) /* a policy with all its selectors */
#define SINK_MESSAGE_MAX (SINK_HEADER_LEN + SINK_BODY_MAX)

enum sink_kind {
	SINK_REQ_CAPS = 1,
	SINK_REQ_GET_SPI,
	SINK_REQ_SA_ADD,
	SINK_REQ_SA_UPDATE,
	SINK_REQ_SA_QUERY,
	SINK_REQ_SA_DELETE,
	SINK_REQ_POLICY_SET,
	SINK_REQ_POLICY_DELETE,
	SINK_REQ_FLUSH,
	SINK_REQ_GIVE_ESP_SOCKET, /* with one descriptor in SCM_RIGHTS */
	SINK_REQ_SWEEP,
	SINK_REQ_SA_DELETE_LAST,
	SINK_REQ_END,
	SINK_REPLY = 0x100, /* plus the request's kind: its answer */
	SINK_EVENT = 0x200, /* plus enum sink_event_kind */
	SINK_WELCOME = 0x300, /* the server's first message */
};

struct sink_header {
	uint16_t version;
	uint16_t kind;
	uint32_t id;	  /* of a request, repeated in its reply; 0 in what the server sends unasked */
	int32_t status;	  /* replies and WELCOME: 0, or negative errno value of Linux, the body then being a text; else 0 */
	uint32_t body_len;
};

/* What a request carries; kind says which member. */
struct sink_request {
	uint16_t kind;
	union {
		struct ip_addr dst;	     /* GET_SPI */
		struct sink_sa sa;	     /* SA_ADD */
		struct {
			struct sink_sa_id id;
			struct endpoint src, dst;
			bool udp_encap;
		} update;		     /* SA_UPDATE */
		struct sink_sa_id id;	     /* SA_QUERY, SA_DELETE, SA_DELETE_LAST */
		struct sink_policy policy;   /* POLICY_SET */
		uint32_t reqid;		     /* POLICY_DELETE */
		struct endpoint local;	     /* GIVE_ESP_SOCKET */
	} u;
};

/* What an answer without error carries; the request's kind says which member, if any. */
struct sink_reply {
	union {
		struct sink_caps caps;
		uint32_t spi;
		struct sink_sa_stats stats;
	} u;
};

/* Length of the header and of the body behind it are right: 0; -EBADMSG: not even a header, or lengths differ; -EPROTO: another version. */
int sink_decode_header(const uint8_t *message, size_t len, struct sink_header *header);

/* Whole messages into out (SINK_MESSAGE_MAX bytes); the number of bytes. */
size_t sink_encode_request(uint32_t id, const struct sink_request *request, uint8_t *out);
size_t sink_encode_reply(uint32_t id, uint16_t request_kind, const struct sink_reply *reply, uint8_t *out);
/* A reply or, with kind SINK_WELCOME, a refusal: status is negative, text at most SINK_ERROR_LEN - 1 bytes. Status 0 and "": a bare success. */
size_t sink_encode_status(uint32_t id, uint16_t kind, int status, const char *text, uint8_t *out);
size_t sink_encode_event(const struct sink_event *event, uint8_t *out);

/* Bodies of len bytes: 0 or -EBADMSG, *what then names the fault (static text). */
int sink_decode_request(uint16_t kind, const uint8_t *body, size_t len, struct sink_request *request, const char **what);
int sink_decode_reply(uint16_t request_kind, const uint8_t *body, size_t len, struct sink_reply *reply);
int sink_decode_event(uint16_t kind, const uint8_t *body, size_t len, struct sink_event *event);
/* Text of SINK_ERROR_LEN bytes, always ended; bytes that are not printable ASCII become '?'. */
void sink_decode_text(const uint8_t *body, size_t len, char *text);

#endif
