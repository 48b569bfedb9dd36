/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SA sink: the one interface by which key management hands SAs and policies to a data plane, shaped like strongSwan's kernel_ipsec and
 * Linux' XFRM (RFC 4301's SAD and SPD). Behind it: the gateway's socket (sink_client.h; protocol in docs/sa-sink.md), or a mock in a test.
 *
 * Calls are synchronous and return 0 or a negative errno value; sink_error() then has one sentence. -ENODEV: the data plane is gone;
 * SINK_EVENT_UP says when it is back, empty. Events come by sink_next_event() when sink_fd() is readable.
 * Keys in arguments stay the caller's, who wipes them; no call returns a key.
 */
#ifndef ESPALIER_SINK_H
#define ESPALIER_SINK_H

#include "net/addr.h"

#define SINK_ERROR_LEN 256
#define SINK_KEY_MAX 36u   /* bytes: AES-256 or ChaCha20 key, salt behind it */
#define SINK_TS_MAX 16u	   /* traffic selectors a side of a policy */
#define SINK_SPI_MIN 256u  /* RFC 4303, 2.1: 1 to 255 are reserved */
/* Firewall mark (SO_MARK) of sockets whose packets pass by the gateway's routes and policies: its ESP, and key management's IKE. */
#define SINK_MARK 0x4553u

struct sink;

enum sink_direction { SINK_OUT = 0, SINK_IN = 1 };
enum sink_mode { SINK_TUNNEL = 0, SINK_TRANSPORT = 1 };

/* Combined-mode algorithms: IKEv2 transform id and key bits (RFC 7296 3.3.2, RFC 4106, RFC 7634, RFC 4543). Also the bits of sink_caps.aeads. */
enum sink_aead {
	SINK_AES_GCM_16_128,
	SINK_AES_GCM_16_192,
	SINK_AES_GCM_16_256,
	SINK_CHACHA20_POLY1305,
	SINK_AES_GMAC_128,
	SINK_AES_GMAC_192,
	SINK_AES_GMAC_256,
	SINK_AEAD_COUNT
};

/* What a data plane can do. Key management never agrees to anything else. */
struct sink_caps {
	uint32_t aeads;		    /* bit SINK_...: has it */
	bool esn, no_esn;	    /* 64-bit and 32-bit sequence numbers */
	bool tunnel, transport;	    /* modes */
	bool inner_v4, inner_v6;    /* what a tunnel carries */
	bool outer_v4, outer_v6;    /* between which a tunnel runs */
	bool udp_encap, raw_esp;    /* RFC 3948, and protocol 50 itself */
	bool tfc_padding;	    /* padding behind the inner packet is accepted (RFC 4303, 2.7) */
	bool events;		    /* SINK_EVENT_EXPIRE for packets and bytes; otherwise sink_sa_query is polled */
	uint32_t max_window;	    /* packets of the anti-replay window */
	uint32_t sa_capacity;	    /* SAs a direction */
	char device[64];	    /* for people: "sim", "software" */
};

struct sink_sa_id {
	enum sink_direction direction;
	uint32_t spi;	     /* host order */
	struct ip_addr dst;  /* outer destination */
};

/* Limits in packets and bytes: 0 is none. At soft an event (once), at hard an event and no packet more. */
struct sink_limits {
	uint64_t soft_packets, hard_packets, soft_bytes, hard_bytes;
};

struct sink_sa {
	enum sink_direction direction;
	uint32_t spi;
	uint32_t reqid;		      /* the policy it belongs to, not 0 */
	enum sink_mode mode;
	struct endpoint src, dst;     /* outer; ports are those of UDP encapsulation, 0 without */
	bool udp_encap;
	enum sink_aead aead;
	uint8_t key[SINK_KEY_MAX];    /* KEYMAT: key, then salt */
	uint8_t key_len;	      /* bytes, salt included */
	bool esn;
	uint32_t replay_window;	      /* inbound: packets, clipped to max_window */
	bool copy_df;		      /* outbound tunnel: outer DF as in the inner header; else 0 */
	struct sink_limits limits;
	uint64_t seq;		      /* where it goes on: outbound the last number sent, inbound the highest received; 0: a new one */
};

struct sink_sa_stats {
	uint64_t packets, bytes;      /* protected and sent, or authenticated and accepted; inner bytes */
	uint64_t seq;		      /* last sent, highest received */
	uint64_t replay, integrity, other; /* inbound drops: replayed or too old, ICV, the rest */
	uint64_t last_use_ms;	      /* CLOCK_MONOTONIC of the last packet, 0: none */
};

/* Policies of the gateway (RFC 4301, 4.4.1). */
enum sink_action {
	SINK_PROTECT, /* outbound: by the SA spi; 0: no SA yet, packets are held briefly or dropped, with SINK_EVENT_ACQUIRE */
	SINK_DISCARD, /* drop */
	SINK_BYPASS,  /* in clear */
};

/*
 * One policy for both directions: packets from local to remote leave by it, packets from remote to local are accepted if they came by an
 * inbound SA of the same reqid. sink_policy_set with a reqid that exists replaces it, in one step.
 */
struct sink_policy {
	uint32_t reqid;			/* not 0 */
	enum sink_action action;
	uint32_t spi;			/* outbound SA in use; 0: none */
	struct ip_addr peer;		/* outer destination of that SA */
	uint32_t priority;		/* the smaller goes first; among equals the narrower selector */
	unsigned int local_count, remote_count; /* 1 to SINK_TS_MAX */
	struct ts local[SINK_TS_MAX], remote[SINK_TS_MAX];
};

enum sink_event_kind {
	SINK_EVENT_ACQUIRE, /* reqid, packet: traffic without an SA */
	SINK_EVENT_EXPIRE,  /* id, hard: a limit, or three quarters (soft) or all (hard) of the sequence numbers */
	SINK_EVENT_MAPPING, /* id (inbound), endpoint: authenticated packets come from another address or port (RFC 7296, 2.23) */
	SINK_EVENT_DOWN,    /* the data plane is gone, all its SAs with it; text says why */
	SINK_EVENT_UP,	    /* it is back, with no SA and no policy but those it holds to block cleartext */
};

struct sink_event {
	enum sink_event_kind kind;
	uint32_t reqid;
	struct ts packet_local, packet_remote; /* ACQUIRE: of the packet that wanted out; single addresses */
	struct sink_sa_id id;
	bool hard;
	struct endpoint endpoint;
	char text[SINK_ERROR_LEN];
};

struct sink_ops {
	int (*caps)(struct sink *sink, struct sink_caps *caps);
	int (*get_spi)(struct sink *sink, const struct ip_addr *dst, uint32_t *spi);
	int (*sa_add)(struct sink *sink, const struct sink_sa *sa);
	int (*sa_update)(struct sink *sink, const struct sink_sa_id *id, const struct endpoint *src, const struct endpoint *dst, bool udp_encap);
	int (*sa_query)(struct sink *sink, const struct sink_sa_id *id, struct sink_sa_stats *stats);
	int (*sa_delete)(struct sink *sink, const struct sink_sa_id *id, struct sink_sa_stats *last); /* last: NULL if nobody asks */
	int (*policy_set)(struct sink *sink, const struct sink_policy *policy);
	int (*policy_delete)(struct sink *sink, uint32_t reqid);
	int (*flush)(struct sink *sink);
	int (*sweep)(struct sink *sink);
	int (*fd)(struct sink *sink);
	int (*next_event)(struct sink *sink, struct sink_event *event);
	void (*close)(struct sink *sink);
};

/* An implementation embeds this as its first member. */
struct sink {
	const struct sink_ops *ops;
	char error[SINK_ERROR_LEN];
};

/* "" if no call failed. Valid until the next call. */
static inline const char *sink_error(const struct sink *sink)
{
	return sink->error;
}

static inline int sink_caps(struct sink *sink, struct sink_caps *caps)
{
	return sink->ops->caps(sink, caps);
}

/* An SPI, SINK_SPI_MIN or above, that no inbound SA for dst has; reserved until sa_add or sa_delete. -ENOSPC. */
static inline int sink_get_spi(struct sink *sink, const struct ip_addr *dst, uint32_t *spi)
{
	return sink->ops->get_spi(sink, dst, spi);
}

/* -EINVAL, -ENOTSUP (not in caps), -EEXIST, -ENOSPC, -ENODEV. */
static inline int sink_sa_add(struct sink *sink, const struct sink_sa *sa)
{
	return sink->ops->sa_add(sink, sa);
}

/* New outer addresses of an SA, its numbers and replay state kept. -ENOENT. */
static inline int sink_sa_update(struct sink *sink, const struct sink_sa_id *id, const struct endpoint *src, const struct endpoint *dst, bool udp_encap)
{
	return sink->ops->sa_update(sink, id, src, dst, udp_encap);
}

static inline int sink_sa_query(struct sink *sink, const struct sink_sa_id *id, struct sink_sa_stats *stats)
{
	return sink->ops->sa_query(sink, id, stats);
}

/* Packets of the SA still under way come out or are counted; its key is zeroed. Also gives back an SPI of sink_get_spi. -ENOENT. */
static inline int sink_sa_delete(struct sink *sink, const struct sink_sa_id *id)
{
	return sink->ops->sa_delete(sink, id, NULL);
}

/*
 * The same of an SA, no SPI alone, and *last is its final state. To move an SA, or to keep one over the end of its data plane: this, then
 * sink_sa_add with seq = last->seq, and in no other order: outbound no packet has a later number, sent or not, so none is used twice under the key
 * (RFC 4106, 3.1). Limits of the SA that goes on are the caller's to lower. Any error but -ENOENT: the SA is gone or stopped, its number is not known, and its key
 * must not be used again. -ENOENT; -EIO: the device's record is damaged; -ENODEV, -ETIMEDOUT.
 */
static inline int sink_sa_delete_last(struct sink *sink, const struct sink_sa_id *id, struct sink_sa_stats *last)
{
	*last = (struct sink_sa_stats){ 0 };
	return sink->ops->sa_delete(sink, id, last);
}

static inline int sink_policy_set(struct sink *sink, const struct sink_policy *policy)
{
	return sink->ops->policy_set(sink, policy);
}

static inline int sink_policy_delete(struct sink *sink, uint32_t reqid)
{
	return sink->ops->policy_delete(sink, reqid);
}

/* Remove all SAs and policies. */
static inline int sink_flush(struct sink *sink)
{
	return sink->ops->flush(sink);
}

/*
 * Remove the policies that an earlier client left and this one has not set. Until then they block what they covered. A new client sets its
 * policies, then sweeps: one that stays never loses its routes.
 */
static inline int sink_sweep(struct sink *sink)
{
	return sink->ops->sweep(sink);
}

/* To poll for reading, or -1: never an event. */
static inline int sink_fd(struct sink *sink)
{
	return sink->ops->fd(sink);
}

/* 1 and an event, or 0: none is waiting. */
static inline int sink_next_event(struct sink *sink, struct sink_event *event)
{
	return sink->ops->next_event(sink, event);
}

static inline void sink_close(struct sink *sink)
{
	if (sink)
		sink->ops->close(sink);
}

#endif
