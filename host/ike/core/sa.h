/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the agent: what an IKE SA, a CHILD SA and an exchange are (RFC 7296, 2.1 to 2.4). What is done with them: one file a job, docs/architecture.md
 * draws the layers.
 */
#ifndef ESPALIER_IKE_SA_H
#define ESPALIER_IKE_SA_H

#include "conf/conf.h"
#include "core/agent.h"
#include "core/events.h"
#include "core/hash.h"
#include "core/state.h"
#include "core/timer.h"
#include "crypto/cipher.h"
#include "crypto/dh.h"
#include "crypto/identity.h"
#include "crypto/kdf.h"
#include "proto/build.h"
#include "proto/fragment.h"
#include "proto/message.h"
#include "proto/proposal.h"

struct child_sa;
struct exchange;
struct handshake;
struct ike_sa;
struct peer;
struct reqid;

enum ike_state {
	IKE_CONNECTING,	 /* IKE_SA_INIT or IKE_AUTH under way */
	IKE_ESTABLISHED,
	IKE_REKEYED,	 /* replaced; its CHILD SAs are the new one's; waits for its delete */
	IKE_DELETING,	 /* our delete is out */
	IKE_CLOSED,	 /* over, without CHILD SAs; only its last response can be asked for again, for a while. agent_list leaves it out */
};

/*
 * An exchange that we begin. Queued on its IKE SA; begins when the one before has its response. Each ends with exactly one call of
 * response() or abandon(), then free().
 */
struct exchange_ops {
	const char *name;
	uint8_t type; /* exchange type of the header */
	/* Write the payloads. 0; -ECANCELED: there is no need any more, drop it; any other: the IKE SA is closed. */
	int (*build)(struct ike_sa *sa, struct exchange *x, struct ike_builder *b);
	/*
	 * The verified, decrypted response. 0; negative: the IKE SA is closed without a delete, cause CLOSE_FAILED or what sa->cause says. May
	 * queue exchanges. IKE_SA_INIT only, whose responses nothing protects: -EAGAIN: build and send it again; -EINPROGRESS: wait for a better one.
	 */
	int (*response)(struct ike_sa *sa, struct exchange *x, const struct ike_message *m);
	/* The response is right but for its payloads, which cannot be read: what the peer is told, and the return value as of response(). May be NULL. */
	int (*malformed)(struct ike_sa *sa, uint16_t notify, const char *why);
	/* No response comes: the peer is dead or the IKE SA is closed. May be NULL. */
	void (*abandon)(struct ike_sa *sa, struct exchange *x);
	void (*free)(struct exchange *x);
};

struct exchange {
	const struct exchange_ops *ops;
	struct exchange *next;
};

/* One message as sent: its datagrams, one, or several fragments. */
struct packets {
	struct packet {
		uint8_t *data;
		size_t len;
	} *list;
	unsigned int count;
};

/* Of the exchange that made an SA, the initiator's first. */
struct nonces {
	uint16_t i_len, r_len;
	uint8_t i[IKE_NONCE_MAX], r[IKE_NONCE_MAX];
};

struct ike_sa {
	struct agent *agent;
	struct ike_sa *next, *prev;	/* in the agent's list */
	struct hash_node by_spi, by_peer, by_name; /* in the agent's tables */
	uint32_t id;			/* for people */
	char label[80];			/* "conn[3]", for logs */
	struct conf *conf;		/* a reference */
	const struct conf_connection *conn;	/* in conf; as responder chosen by addresses first, by identities in IKE_AUTH */
	bool initiator;			/* of this IKE SA: whoever sent its IKE_SA_INIT, or its rekey */
	enum ike_state state;
	uint64_t spi_i, spi_r;		/* host order */
	struct endpoint local, remote;
	bool nat_local, nat_remote;	/* a NAT is in front of us, of the peer */
	bool nat_fake;			/* we say so, without one, for UDP encapsulation: encap = yes, or no raw ESP */
	bool peer_fragments;		/* RFC 7383 negotiated */
	bool peer_ppk;			/* USE_PPK seen in IKE_SA_INIT */
	bool peer_childless;		/* the responder takes IKE_AUTH without a CHILD SA (RFC 6023) */
	bool peer_no_tfc;
	bool peer_pairs;		/* it has a CHILD SA a pair of addresses: SINGLE_PAIR_REQUIRED seen (RFC 7296, 3.10.1) */
	uint32_t peer_hashes;		/* RFC 7427: set of AUTH_HASH_... */
	struct suite suite;
	struct ike_keys keys;
	struct cipher *seal, *open;
	struct credentials *credentials; /* while authenticating; a reference */
	struct handshake *handshake;	/* IKE_SA_INIT and IKE_AUTH: handshake.h; NULL when established */
	struct nonces *nonces;		/* of IKE_SA_INIT; NULL when established */
	struct identity local_id, remote_id;
	uint64_t created_ms, established_ms;

	/* window.c: what we ask */
	struct exchange *queue;		/* the first one is under way if sent.count */
	uint32_t send_id;		/* message ID of the request under way, or of the next */
	struct packets sent;
	unsigned int tries;
	struct timer retransmit;
	/* window.c: what the peer asks */
	uint32_t receive_id;		/* of the next request */
	struct packets reply;		/* cached response to receive_id - 1 */
	struct ike_reassembly *request_fragments, *response_fragments;
	uint64_t last_heard_ms;		/* the last authenticated message */
	bool handling;			/* inside a handler: what it queues begins when it returns */
	bool close_after_reply;		/* informational.c: the reply to a delete is the last message */
	enum close_cause cause;		/* of that, and of handlers that return an error; CLOSE_FAILED by default */
	const char *why;		/* the same for people, a constant; NULL: nothing more to say */

	struct child_sa *children;
	struct peer *peer;		/* peer.h; NULL before it showed who it is */
	struct timer dpd, keepalive, rekey, reauth, expire; /* reauth: also AUTH_LIFETIME; expire: hard end, and time for half-open ones */
	struct ike_rekey *rekeying;	/* our rekey of this SA under way, for collisions; ike_rekey.c */
	unsigned int refusals;		/* of our rekeyings of this SA by the peer */
	struct ike_sa *successor;	/* made by the peer's rekey while ours is under way: one of both stays */
	uint64_t predecessor;		/* our own SPI of the SA that it took over from, which may be gone; 0: none */
	struct ike_sa *replaces;	/* reauth.c: to be deleted when this one is established */
	struct ike_sa *replaced_by;	/* reauth.c: the reverse */
	unsigned int attempt;		/* as initiator: tries before this one that failed */
	struct up_target *waiting;	/* up.c: what is to come up on this SA */
	struct delayed *delayed;	/* create_child.c: CHILD SAs to be asked for again after TEMPORARY_FAILURE */
	struct early_delete *early;	/* create_child.c: SPIs deleted by the peer while the response that names them was still under way */
};

/* ---- CHILD SAs ------------------------------------------------------------------------------------------------------------------ */

enum child_state {
	CHILD_INSTALLED,
	CHILD_REKEYING,	 /* our rekey of it is queued or under way */
	CHILD_REKEYED,	 /* replaced; whoever made the new one deletes it */
	CHILD_RETIRED,	 /* replaced and deleted: the inbound SA stays a while for packets under way, the outbound one is gone */
	CHILD_DELETING,	 /* our delete is queued or out */
};

struct child_sa {
	struct child_sa *next;		 /* in its IKE SA's list */
	struct ike_sa *ike;
	struct conf *conf;		 /* a reference */
	const struct conf_child *child;	 /* in conf */
	uint32_t id;			 /* never used again: exchanges hold it, not a pointer */
	struct reqid *reqid;		 /* whose policy it serves */
	struct child_sa *next_same;	 /* of that reqid, the newest first */
	enum child_state state;
	uint32_t spi_in, spi_out;
	struct endpoint local_end, remote_end; /* outer, as the sink has them; ports 0 without UDP encapsulation */
	struct suite suite;
	struct hash_node by_in, by_out;	 /* in agent.children */
	struct peer *peer;		 /* for whom it counts; peer.h */
	enum sink_mode mode;
	bool esn, udp_encap, initiator;	 /* initiator: of the exchange that made it */
	bool waits;			 /* its outbound SA is there, but the policy keeps the old one until that is deleted (RFC 7296, 2.8) */
	bool redundant;			 /* lost a collision: whoever made it deletes it */
	bool has_in, has_out;		 /* in the sink */
	unsigned int local_count, remote_count;
	struct ts *local, *remote;	 /* owned */
	uint64_t installed_ms;
	struct sink_limits limits;
	struct timer rekey, expire, poll; /* poll: sink_sa_query for lifetimes where the sink has no events */
	struct timer retire;		 /* the end of a retired one; before, when one that waits is used in any case */
	struct { uint64_t packets, bytes, seq; } polled;
	uint64_t poll_interval_ms;
	struct child_sa *successor;	 /* that the peer made to replace it */
	uint32_t replaces_id;		 /* the SA that it was made to replace, 0: none */
	unsigned int refusals;		 /* of our rekeyings of it by the peer */
	/* For collisions (RFC 7296, 2.8.1): the smaller of the nonces of the exchange that made it. */
	uint8_t *nonce_min;
	size_t nonce_min_len;
};

/* A packet that wants out, for which a CHILD SA is asked: single addresses, with its protocol and ports. */
struct child_packet {
	uint32_t reqid; /* of its trap; 0: there is no packet */
	struct ts local, remote;
	bool alone;	/* the peer is known to narrow: ask for the selectors that hold the packet only */
};

/* ---- sa.c: what every file asks of an IKE SA --------------------------------------------------------------------------------------- */

void ike_log(const struct ike_sa *sa, enum agent_log level, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A peer's list beyond our limits is worth a line. */
void ike_log_limits(const struct ike_sa *sa, const struct proposals *offered);
uint64_t ike_now(const struct ike_sa *sa);
/* ESP of its CHILD SAs goes in UDP. */
static inline bool ike_sa_udp_encap(const struct ike_sa *sa)
{
	return sa->nat_local || sa->nat_remote || sa->nat_fake;
}
static inline uint64_t ike_sa_own_spi(const struct ike_sa *sa)
{
	return sa->initiator ? sa->spi_i : sa->spi_r;
}

#endif
