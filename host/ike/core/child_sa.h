/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the agent: CHILD SAs. A child_negotiation lives while one is negotiated, in IKE_AUTH or CREATE_CHILD_SA; from it comes a child_sa,
 * which owns its two SAs in the sink. Keys are derived, handed to the sink and wiped in one function; no struct keeps them.
 */
#ifndef ESPALIER_IKE_CHILD_SA_H
#define ESPALIER_IKE_CHILD_SA_H

#include "core/ike_sa.h"
#include "core/state.h"

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

/* ---- child_negotiation.c: what IKE_AUTH and CREATE_CHILD_SA have in common ---------------------------------------------------- */

/*
 * As initiator. old: the CHILD SA to be rekeyed, or NULL. Allocates the SPI. in_auth: no KE, proposals without groups. packet: NULL, or for which
 * packet, whose addresses then stand in front (RFC 7296, 2.9).
 * 0, or negative: no proposal that the data plane can do, no SPI.
 */
int child_negotiation_begin(struct ike_sa *sa, const struct conf_child *child, struct child_sa *old, bool in_auth, const struct child_packet *packet,
			    struct child_negotiation **n);
/* SA, (Ni, KE: CREATE_CHILD_SA only), TSi, TSr and notifies. */
int child_put_request(struct child_negotiation *n, struct ike_builder *b);
/*
 * The response's payloads. nonces: those of IKE_SA_INIT for in_auth, else NULL. 0: *child is installed. -EAGAIN: INVALID_KE_PAYLOAD, the
 * negotiation is set for the group asked for, send again. Other: refused, *notify is the peer's error or 0, the reason is logged.
 */
int child_take_response(struct child_negotiation *n, const struct ike_chain *m, struct child_sa **child, uint16_t *notify);
/* Gives back the SPI unless a CHILD SA came of it; wipes. n may be NULL. */
void child_negotiation_free(struct child_negotiation *n);

/*
 * As responder: read SA, TSi, TSr ... of m, choose, install, and write the answer's payloads; or write one error notify (then *child is NULL).
 * old: the CHILD SA that the request rekeys, or NULL. 0, or negative: malformed.
 */
int child_answer(struct ike_sa *sa, const struct ike_chain *m, struct child_sa *old, bool in_auth, struct ike_builder *reply,
		 struct child_sa **child);

/* ---- child_sa.c ------------------------------------------------------------------------------------------------------------ */

/*
 * Install what was agreed: inbound SA first, then outbound, then the policy with the new SPI. keymat is of the exchange; wiped by the caller.
 * use false: the policy keeps its SA (as responder of a rekey, until the old one is deleted); child_use does the rest. So no key is kept.
 * On an error nothing of it is left in the sink, and child is to be freed by child_free.
 */
int child_install(struct child_sa *child, const uint8_t *keymat, size_t len, bool use);
void child_use(struct child_sa *child);
/* Of a CHILD SA that was never installed. */
void child_free(struct child_sa *child);
/*
 * Remove its SAs from the sink at once, and free it. What becomes of the policy (kept with another SA, back to trap as start_action, or for this
 * cause close_action or dpd_action, say, or removed) is found out here. Nothing is begun anew: ike_sa_close and informational.c do that.
 */
void child_destroy(struct child_sa *child, enum close_cause cause);
/* Replaced by another: outbound stops, inbound goes after a while; then child_destroy. */
void child_retire(struct child_sa *child);
struct child_sa *child_by_spi(struct ike_sa *sa, uint32_t spi, bool inbound);
/* Packets and bytes, those of SAs it replaced not included. */
int child_stats(struct child_sa *child, struct sink_sa_stats *in, struct sink_sa_stats *out);
/* When the last packet came by its inbound SA; 0: never, or the sink does not say. */
uint64_t child_heard_ms(const struct child_sa *child);
/* By an SA in the sink; NULL: none. */
struct child_sa *child_by_id(struct agent *agent, const struct sink_sa_id *id);
/* An expire event of the sink for one of its SAs. */
void child_expire(struct child_sa *child, bool hard);
/* All SAs in the sink are gone, or are to be taken for gone: on SINK_EVENT_DOWN, and first of all on SINK_EVENT_UP. No call of the sink. */
void children_lost(struct agent *agent);
/* The data plane is back, after children_lost and trap_install: each CHILD SA that was lost is rekeyed, with new keys. */
void children_renew(struct agent *agent);
/* NAT mapping of the peer changed: new endpoints for both SAs. */
int child_update_endpoints(struct child_sa *child);

/* ---- ts.c: narrowing (RFC 7296, 2.9) -------------------------------------------------------------------------------------------- */

/* What both lists have in common; "dynamic" already replaced by addresses. Returns the count, at most SINK_TS_MAX. */
unsigned int ts_narrow(const struct ts *ours, unsigned int our_count, const struct ts *theirs, unsigned int their_count, struct ts *both);
/* The configured selectors with this address for "dynamic" (NULL: all of them), without those that the data plane cannot carry. Returns the count. */
unsigned int ts_configured(const struct sink_caps *caps, const struct conf_selectors *selectors, const struct ip_addr *dynamic, struct ts *out);
/* What is asked for: first what comes before the rest, as far as it is within ours, then ours. Returns the count, at most 2 * SINK_TS_MAX. */
unsigned int ts_offer(const struct ts *first, unsigned int first_count, const struct ts *ours, unsigned int our_count, struct ts *offer);
/* What goes before what, as strongSwan has it: shunts that pass, CHILD SAs, traps, shunts that drop. */
enum ts_rank { RANK_PASS = 1, RANK_SA, RANK_TRAP, RANK_DROP };
/* Of a policy: the smaller goes first; within a rank the narrower. */
uint32_t ts_priority(const struct ts *local, unsigned int local_count, const struct ts *remote, unsigned int remote_count, enum ts_rank rank);

/* ---- trap.c: policies without an SA ------------------------------------------------------------------------------------------- */

/*
 * Install shunts (mode = pass and drop) and what start_action = trap asks for, or start if that blocks; remove what an earlier configuration
 * asked for. 0, or the first error: the rest is there.
 */
int trap_install(struct agent *agent, struct conf *conf);
/* Does what an action of the configuration speaks of stay blocked while it is down? */
bool trap_blocks(const struct agent *agent, unsigned int action);
void trap_acquire(struct agent *agent, const struct sink_event *event);
/* The peer has no SA for this packet of a trap: it is not asked again for a while. */
void trap_refused(struct agent *agent, const struct child_packet *packet);
/* An SA with these selectors carries the packet. */
bool child_carries(const struct child_sa *child, const struct child_packet *packet);
void trap_free(struct agent *agent);

#endif
