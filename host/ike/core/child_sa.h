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
	CHILD_REKEYED,	 /* replaced: the inbound SA stays a while for packets under way, the outbound one carries nothing more */
	CHILD_DELETING,	 /* our delete is out */
};

struct child_sa {
	struct child_sa *next;		 /* in its IKE SA's list */
	struct ike_sa *ike;
	struct conf *conf;		 /* a reference */
	const struct conf_child *child;	 /* in conf */
	uint32_t id, reqid;
	enum child_state state;
	uint32_t spi_in, spi_out;
	struct suite suite;
	struct hash_node by_in, by_out;	 /* in agent.children */
	enum sink_mode mode;
	bool esn, udp_encap, initiator;	 /* initiator: of the exchange that made it */
	bool inbound_only;		 /* its outbound SA is not installed: a rekey waits for the delete of the old one */
	unsigned int local_count, remote_count;
	struct ts local[SINK_TS_MAX], remote[SINK_TS_MAX];
	uint64_t installed_ms;
	struct timer rekey, expire, poll; /* poll: sink_sa_query for lifetimes where the sink has no events */
	struct sink_sa_stats base_in, base_out;
	/* For collisions (RFC 7296, 2.8.1): the smallest of the nonces of the exchange that made it. */
	uint8_t nonce_min[256];
	size_t nonce_min_len;
	struct child_sa *rekeyed_by_peer; /* the SA that the peer made to replace this one while our own rekey was under way */
};

/* ---- child_negotiation.c: what IKE_AUTH and CREATE_CHILD_SA have in common ---------------------------------------------------- */

/*
 * As initiator. old: the CHILD SA to be rekeyed, or NULL. Allocates the SPI. in_auth: no KE, proposals without groups.
 * 0, or negative: no proposal that the data plane can do, no SPI.
 */
int child_negotiation_begin(struct ike_sa *sa, const struct conf_child *child, struct child_sa *old, bool in_auth, struct child_negotiation **n);
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
int child_answer(struct ike_sa *sa, const struct ike_chain *m, struct child_sa *old, bool in_auth, struct ike_builder *reply, struct child_sa **child);

/* ---- child_sa.c ------------------------------------------------------------------------------------------------------------ */

/*
 * Install what was agreed: inbound SA first, then outbound, then the policy with the new SPI. keymat is of the exchange; wiped by the caller.
 * outbound false: the inbound SA alone (as responder of a rekey, until the old one is deleted or traffic comes); child_use_outbound does the rest.
 */
int child_install(struct child_sa *child, const uint8_t *keymat, size_t len, bool outbound);
int child_use_outbound(struct child_sa *child);
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
/* By an SA in the sink; NULL: none. */
struct child_sa *child_by_id(struct agent *agent, const struct sink_sa_id *id);
/* An expire event of the sink for one of its SAs. */
void child_expire(struct child_sa *child, bool hard);
/* The data plane came back empty: all CHILD SAs are gone; peers are told and asked for new ones. Traps were installed before. */
void children_lost(struct agent *agent);
/* NAT mapping of the peer changed: new endpoints for both SAs. */
int child_update_endpoints(struct child_sa *child);

/* ---- ts.c: narrowing (RFC 7296, 2.9) -------------------------------------------------------------------------------------------- */

/* What both lists have in common, and the data plane can do; "dynamic" already replaced by addresses. Returns the count, at most SINK_TS_MAX. */
unsigned int ts_narrow(const struct ts *ours, unsigned int our_count, const struct ts *theirs, unsigned int their_count, struct ts *both);

/* ---- trap.c: policies without an SA ------------------------------------------------------------------------------------------- */

/* Reqids: one for each conf_child (and, for dynamic selectors, each peer), kept over rekeys and reloads. Install what start_action = trap asks for. */
int trap_install(struct agent *agent, struct conf *conf);
void trap_acquire(struct agent *agent, const struct sink_event *event);
void trap_free(struct agent *agent);
uint32_t child_reqid(struct agent *agent, const struct conf_connection *conn, const struct conf_child *child, const struct endpoint *remote);

#endif
