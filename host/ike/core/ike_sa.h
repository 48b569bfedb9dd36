/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the agent: an IKE SA, its exchanges and its window of one (RFC 7296, 2.1 to 2.4). One file an exchange:
 *
 *   init.c          IKE_SA_INIT, both sides: cookies, INVALID_KE_PAYLOAD, NAT detection
 *   auth.c          IKE_AUTH, both sides: identities, AUTH, the first CHILD SA
 *   create_child.c  CREATE_CHILD_SA for CHILD SAs, new or rekeyed, both sides
 *   ike_rekey.c     CREATE_CHILD_SA for the IKE SA
 *   informational.c INFORMATIONAL: delete, dead peer detection
 *   exchanges.c     which exchange may come in which state, and who answers it
 *   window.c        requests out with retransmission, requests in with the cached response
 *   seal.c          SK and SKF payloads: encryption, fragments
 *   offers.c        the connection that answers IKE_SA_INIT; peer.c: how much of the data plane a peer may have
 *   reauth.c        a new IKE SA in place of an old one, make before break
 *   follow.c        a configuration loaded anew, and SAs made with the one before
 */
#ifndef ESPALIER_IKE_SA_H
#define ESPALIER_IKE_SA_H

#include "conf/conf.h"
#include "core/agent.h"
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
struct child_negotiation;
struct child_packet;
struct exchange;
struct handshake;
struct ike_sa;
struct peer;

enum ike_state {
	IKE_CONNECTING,	 /* IKE_SA_INIT or IKE_AUTH under way */
	IKE_ESTABLISHED,
	IKE_REKEYED,	 /* replaced; its CHILD SAs are the new one's; waits for its delete */
	IKE_DELETING,	 /* our delete is out */
	IKE_CLOSED,	 /* over, without CHILD SAs; only its last response can be asked for again, for a while. agent_list leaves it out */
};

/* Why an IKE or CHILD SA ends, for close_action, dpd_action and keyingtries. */
enum close_cause {
	CLOSE_LOCAL,	/* we wanted it: a user's command, shutdown, unique policy, lifetime */
	CLOSE_REPLACED, /* rekeyed or authenticated anew */
	CLOSE_PEER,	/* the peer deleted it */
	CLOSE_DEAD,	/* the peer does not answer */
	CLOSE_FAILED,	/* it was never established, or broke a rule */
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
	int (*response)(struct ike_sa *sa, struct exchange *x, const struct ike_chain *m);
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
	struct up_target *waiting;	/* what is to come up on this SA; commands.c */
	struct delayed *delayed;	/* create_child.c: CHILD SAs to be asked for again after TEMPORARY_FAILURE */
	struct early_delete *early;	/* create_child.c: SPIs deleted by the peer while the response that names them was still under way */
};

/* ---- ike_sa.c ---------------------------------------------------------------------------------------------------------- */

/* A new SA in the agent's tables with an SPI of its own. NULL: no memory, or too many. */
struct ike_sa *ike_sa_create(struct agent *agent, struct conf *conf, const struct conf_connection *conn, bool initiator);
/*
 * Remove an SA at once: abandons its exchanges, deletes its CHILD SAs from the sink, wipes keys, frees it. Says why in the log. What
 * close_action, dpd_action, keyingtries ask for is begun. sa is gone afterwards.
 */
void ike_sa_close(struct ike_sa *sa, enum close_cause cause, const char *why);
/* Keys are there and both sides authenticated: timers start (rekey, reauth, DPD, keepalive), waiters are told. */
void ike_sa_established(struct ike_sa *sa);
/* "IKE_SA conn[1] established between A[id]...B[id]" */
void ike_sa_log_established(const struct ike_sa *sa);
/* Delete it after a while, unless the peer does. */
void ike_sa_delete_later(struct ike_sa *sa, uint64_t ms);
/*
 * Derive keys from the shared secret, nonces, sa's suite and SPIs, and make its ciphers; tells the key log. old: the SA that this one
 * replaces, NULL for IKE_SA_INIT.
 */
int ike_sa_derive(struct ike_sa *sa, const uint8_t *secret, size_t secret_len, const struct nonces *nonces, const struct ike_sa *old);
/* What a rekeying keeps: endpoints and NAT, identities, what the peer can do. CHILD SAs and waiting users are moved by ike_rekey.c. 0 or -ENOMEM. */
int ike_sa_inherit(struct ike_sa *sa, const struct ike_sa *old);
/* Another connection of sa->conf is the right one, as identities show. 0 or -ENOMEM. */
int ike_sa_set_connection(struct ike_sa *sa, const struct conf_connection *conn);
/* Key of agent.by_peer. */
uint64_t ike_peer_key(const struct identity *id);
/* Set the peer's SPI of an SA of ours. */
void ike_sa_set_peer_spi(struct ike_sa *sa, uint64_t spi);
/* IKE proposals of the connection less what the library cannot do, for the caller to free. NULL: no memory. */
struct proposals *ike_proposals(const struct conf_connection *conn);
/* Of this name, the newest first: for (sa = ike_sa_by_name(agent, name); sa; sa = ike_sa_next_by_name(sa)). */
struct ike_sa *ike_sa_by_name(const struct agent *agent, const char *name);
struct ike_sa *ike_sa_next_by_name(const struct ike_sa *sa);
/* An authenticated message came from another address or port of a peer behind a NAT: IKE and ESP follow it (RFC 7296, 2.23). */
void ike_sa_peer_moved(struct ike_sa *sa, const struct endpoint *remote);
/* ESP of its CHILD SAs goes in UDP. */
static inline bool ike_sa_udp_encap(const struct ike_sa *sa)
{
	return sa->nat_local || sa->nat_remote || sa->nat_fake;
}
static inline uint64_t ike_sa_own_spi(const struct ike_sa *sa)
{
	return sa->initiator ? sa->spi_i : sa->spi_r;
}
/* Does a request of ours go out now? Used to answer TEMPORARY_FAILURE. */
bool ike_sa_busy(const struct ike_sa *sa);
void ike_log(const struct ike_sa *sa, enum agent_log level, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A peer's list beyond our limits is worth a line. */
void ike_log_limits(const struct ike_sa *sa, const struct proposals *offered);
uint64_t ike_now(const struct ike_sa *sa);

/* ---- follow.c ---------------------------------------------------------------------------------------------------------- */

/*
 * agent->conf is new: established IKE SAs take it in place of the one they were made with, unless more of their connection has changed than
 * children and lifetimes. CHILD SAs, exchanges and users that wait hold references of their own and keep what they have.
 */
void follow_all(struct agent *agent);
/* The same for one that is established now, which may have been made before a reload. sa->conf and sa->conn may be others then. */
void follow_established(struct ike_sa *sa);
/* What a rekeying goes by: child, or that of the same name in the configuration that sa has taken since. In sa->conf or that of child. */
const struct conf_child *child_followed(const struct ike_sa *sa, const struct conf_child *child);

/* ---- window.c ---------------------------------------------------------------------------------------------------------- */

/* Queue an exchange; it belongs to the SA then, and may have begun when this returns. */
void ike_queue(struct ike_sa *sa, struct exchange *x);
/* The same, in front of others that did not begin: deletes, and what must follow at once. */
void ike_queue_first(struct ike_sa *sa, struct exchange *x);
/* A datagram for this SA whose header is right: requests, responses, fragments, retransmissions. sa may be gone afterwards. */
void window_receive(struct ike_sa *sa, const struct ike_header *header, const struct endpoint *local, const struct endpoint *remote, const uint8_t *data,
		    size_t len);

/* The SA ends: abandon what is queued, forget what was sent. */
void window_abandon(struct ike_sa *sa);

/*
 * A request of the peer, verified and decrypted: write the response's payloads into reply. 0, or negative: no response, the IKE SA is closed.
 * An error that the peer should hear is a notify in reply.
 */
typedef int (*request_handler)(struct ike_sa *sa, const struct ike_chain *m, struct ike_builder *reply);
int auth_request(struct ike_sa *sa, const struct ike_chain *m, struct ike_builder *reply);
int create_child_request(struct ike_sa *sa, const struct ike_chain *m, struct ike_builder *reply); /* calls ike_rekey_request for protocol IKE */
int ike_rekey_request(struct ike_sa *sa, const struct ike_chain *m, struct ike_builder *reply);
int informational_request(struct ike_sa *sa, const struct ike_chain *m, struct ike_builder *reply);

/* ---- what begins exchanges ------------------------------------------------------------------------------------------------ */

/* init.c: a new IKE SA as initiator, with a first CHILD SA (child NULL: the first of conn). NULL: could not begin, the reason is logged. */
struct ike_sa *ike_initiate(struct agent *agent, const struct conf_connection *conn, const struct conf_child *child);
/* create_child.c: child and reqid of a new CHILD SA, or old: rekey that one. */
int child_initiate(struct ike_sa *sa, const struct conf_child *child, struct child_sa *old);
/* A new one for this packet. */
int child_initiate_for(struct ike_sa *sa, const struct conf_child *child, const struct child_packet *packet);
/*
 * What came of it; made is NULL if nothing did. A peer that gave another part of what was asked for is asked for the packet's alone; one that gives
 * what is there already gets it back, and the packet has to wait.
 */
void child_serves(struct ike_sa *sa, const struct child_packet *packet, struct child_sa *made);
/* ike_rekey.c, reauth.c */
int ike_rekey_initiate(struct ike_sa *sa);
int ike_reauth_initiate(struct ike_sa *sa);
/*
 * reauth.c: the peer has refused to rekey the IKE SA, or child if that is not NULL, refusals times. A peer that goes on so is asked for a new IKE SA, as
 * reauthentication makes it: its first CHILD SA needs no CREATE_CHILD_SA. now: the life is over, it is time whatever the number.
 */
void ike_rekey_refused(struct ike_sa *sa, const struct child_sa *child, unsigned int refusals, bool now);
/* commands.c: users that wait for what an SA is to bring (agent_up). A request is answered once; those without users do nothing. */
void up_ike_established(struct ike_sa *sa);
/* A CHILD SA that we asked for: error 0, or negative with a sentence. */
void up_child_done(struct ike_sa *sa, const struct conf_child *child, int error, const char *text);
void up_ike_failed(struct ike_sa *sa, int error, const char *text);
/* The next try: those who wait for old wait for successor; a reauthentication goes on with it. */
void up_move(struct ike_sa *old, struct ike_sa *successor);
/*
 * Establish a CHILD SA, and its IKE SA if there is none, without a user: start_action, close_action, dpd_action and traps. Nothing happens if
 * it is there or under way. child is in agent->conf. attempt: so many have failed before.
 */
void up_start(struct agent *agent, const struct conf_child *child, unsigned int attempt);
/* The same for a packet that met a trap: there may be one already that carries others. */
void up_packet(struct agent *agent, const struct conf_child *child, const struct child_packet *packet);
/* sa could not be established: those of what was to come up on it that have start_action = start are tried again later. */
void up_again(struct ike_sa *sa, unsigned int attempt);
/* ike_sa_close calls it before it frees sa, after its exchanges and CHILD SAs: nothing of rekeying, reauthentication, commands points to it. */
void ike_sa_forget(struct ike_sa *sa);
/* reauth.c: for ike_sa_established, if sa->replaces: CHILD SAs as the old one has them, then the old one is deleted. */
void ike_reauth_established(struct ike_sa *sa);
/* informational.c: delete the IKE SA, when IKE_AUTH is done if it is under way; delete a CHILD SA pair; an empty request, for dead peer detection. */
void ike_delete_initiate(struct ike_sa *sa);
bool ike_delete_queued(const struct ike_sa *sa); /* whatever becomes of it, it is not wanted any more */
void child_delete_initiate(struct child_sa *child);
void dpd_initiate(struct ike_sa *sa);

#endif
