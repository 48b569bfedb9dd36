/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the agent: an IKE SA, its exchanges and its window of one (RFC 7296, 2.1 to 2.4). One file an exchange:
 *
 *   init.c          IKE_SA_INIT, both sides: cookies, INVALID_KE_PAYLOAD, NAT detection
 *   auth.c          IKE_AUTH, both sides: identities, AUTH, the first CHILD SA
 *   create_child.c  CREATE_CHILD_SA for CHILD SAs, new or rekeyed, both sides
 *   ike_rekey.c     CREATE_CHILD_SA for the IKE SA
 *   informational.c INFORMATIONAL: delete, dead peer detection
 *   window.c        requests out with retransmission, requests in with the cached response
 *   seal.c          SK and SKF payloads: encryption, fragments
 *   reauth.c        a new IKE SA in place of an old one, make before break
 */
#ifndef ESPALIER_IKE_SA_H
#define ESPALIER_IKE_SA_H

#include "conf/conf.h"
#include "core/agent.h"
#include "core/timer.h"
#include "crypto/cipher.h"
#include "crypto/dh.h"
#include "crypto/identity.h"
#include "crypto/kdf.h"
#include "proto/fragment.h"
#include "proto/message.h"
#include "proto/proposal.h"

struct child_sa;
struct child_negotiation;
struct exchange;
struct ike_sa;

enum ike_state {
	IKE_CONNECTING,	 /* IKE_SA_INIT or IKE_AUTH under way */
	IKE_ESTABLISHED,
	IKE_REKEYED,	 /* replaced; its CHILD SAs are the new one's; waits for its delete */
	IKE_DELETING,	 /* our delete is out */
};

/*
 * An exchange that we begin. Queued on its IKE SA; begins when the one before has its response. Each ends with exactly one call of
 * response() or abandon(), then free().
 */
struct exchange_ops {
	const char *name;
	uint8_t type; /* exchange type of the header */
	/* Write the payloads. 0; -ECANCELED: there is no need any more, drop it; any other: the IKE SA is closed. */
	int (*build)(struct ike_sa *sa, struct exchange *x, struct msg_builder *b);
	/* The verified, decrypted response. 0; negative: the IKE SA is closed without a delete. May queue exchanges. */
	int (*response)(struct ike_sa *sa, struct exchange *x, const struct message *m);
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
	struct packet { uint8_t *data; size_t len; } *list;
	unsigned int count;
};

struct ike_sa {
	struct agent *agent;
	struct ike_sa *next;		/* in the agent's list */
	uint32_t id;			/* for people */
	char label[80];			/* "conn[3]", for logs */
	struct conf *conf;		/* a reference */
	const struct conf_conn *conn;	/* in conf; as responder chosen by addresses first, by identities in IKE_AUTH */
	bool initiator;			/* of this IKE SA: whoever sent its IKE_SA_INIT, or its rekey */
	enum ike_state state;
	uint64_t spi_i, spi_r;		/* host order */
	struct endpoint local, remote;
	bool nat_local, nat_remote;	/* a NAT is in front of us, of the peer */
	bool peer_fragments;		/* RFC 7383 negotiated */
	bool peer_ppk;			/* USE_PPK seen in IKE_SA_INIT */
	bool peer_no_tfc;
	uint16_t peer_hashes;		/* RFC 7427: bit N is hash algorithm N */
	struct proposal proposal;	/* one transform a type */
	struct ike_keys keys;
	struct cipher *seal, *open;
	uint8_t nonce_i[256], nonce_r[256]; /* of the exchange that made this SA */
	size_t nonce_i_len, nonce_r_len;
	struct packets init_sent;	/* our own and the peer's IKE_SA_INIT message, for AUTH; freed when established */
	struct packets init_received;
	struct ike_id local_id, remote_id;
	uint64_t established_ms;

	/* window.c: what we ask */
	struct exchange *queue;		/* the first one is under way if sent.count */
	uint32_t send_id;		/* message ID of the request under way, or of the next */
	struct packets sent;
	unsigned int tries;
	struct timer retransmit;
	/* window.c: what the peer asks */
	uint32_t receive_id;		/* of the next request */
	struct packets reply;		/* cached response to receive_id - 1 */
	struct reassembly *request_fragments, *response_fragments;
	uint64_t last_heard_ms;		/* the last authenticated message */
	bool close_after_reply;

	struct child_sa *children;
	struct timer dpd, keepalive, rekey, reauth, expire; /* reauth: also AUTH_LIFETIME; expire: hard end, and time for half-open ones */
	struct ike_rekey *rekeying;	/* our rekey of this SA under way, for collisions; ike_rekey.c */
	struct ike_sa *successor;	/* the SA that replaces this one, once it has keys */
	struct ike_sa *replaces;	/* reauth.c: to be deleted when this one is established */
	struct up_request *waiting;	/* users that wait for this SA; commands.c */
};

/* ---- ike_sa.c ---------------------------------------------------------------------------------------------------------- */

/* A new SA in the agent's tables with an SPI of its own. NULL: no memory, or too many. */
struct ike_sa *ike_sa_create(struct agent *agent, struct conf *conf, const struct conf_conn *conn, bool initiator);
/*
 * Remove an SA at once: abandons its exchanges, deletes its CHILD SAs from the sink, wipes keys, frees it. Says why in the log. What
 * close_action, dpd_action, keyingtries ask for is begun. sa is gone afterwards.
 */
void ike_sa_close(struct ike_sa *sa, const char *why);
/* Keys are there and both sides authenticated: timers start (rekey, reauth, DPD, keepalive), unique policy is applied, waiters are told. */
void ike_sa_established(struct ike_sa *sa);
/* Derive keys from the shared secret and nonces; old_sk_d is NULL for IKE_SA_INIT. */
int ike_sa_derive(struct ike_sa *sa, const uint8_t *secret, size_t secret_len, const struct ike_sa *old);
static inline uint64_t ike_sa_own_spi(const struct ike_sa *sa)
{
	return sa->initiator ? sa->spi_i : sa->spi_r;
}
/* Does a request of ours go out now? Used to answer TEMPORARY_FAILURE. */
bool ike_sa_busy(const struct ike_sa *sa);
void ike_log(const struct ike_sa *sa, enum agent_log level, const char *format, ...) __attribute__((format(printf, 3, 4)));
uint64_t ike_now(const struct ike_sa *sa);
/* value less a random part of up to rand; for lifetimes' jitter (strongSwan's rand_time). */
uint64_t agent_jitter(struct agent *agent, uint64_t value, uint64_t rand);

/* ---- window.c ---------------------------------------------------------------------------------------------------------- */

/* Queue an exchange; it belongs to the SA then, and may have begun when this returns. */
void ike_queue(struct ike_sa *sa, struct exchange *x);
/* The same, in front of others that did not begin: deletes, and what must follow at once. */
void ike_queue_first(struct ike_sa *sa, struct exchange *x);
/* A datagram for this SA whose header is right: requests, responses, fragments, retransmissions. sa may be gone afterwards. */
void window_receive(struct ike_sa *sa, const struct endpoint *local, const struct endpoint *remote, const uint8_t *data, size_t len);

/*
 * A request of the peer, verified and decrypted: write the response's payloads into reply. 0, or negative: no response, the IKE SA is closed.
 * An error that the peer should hear is a notify in reply.
 */
typedef int (*request_handler)(struct ike_sa *sa, const struct message *m, struct msg_builder *reply);
int auth_request(struct ike_sa *sa, const struct message *m, struct msg_builder *reply);
int create_child_request(struct ike_sa *sa, const struct message *m, struct msg_builder *reply); /* calls ike_rekey_request for protocol IKE */
int ike_rekey_request(struct ike_sa *sa, const struct message *m, struct msg_builder *reply);
int informational_request(struct ike_sa *sa, const struct message *m, struct msg_builder *reply);

/* ---- what begins exchanges ------------------------------------------------------------------------------------------------ */

/* init.c: a new IKE SA as initiator, with a first CHILD SA (child NULL: childless if the peer allows, else the first of conn). */
struct ike_sa *ike_initiate(struct agent *agent, struct conf *conf, const struct conf_conn *conn, const struct conf_child *child);
/* create_child.c: child and reqid of a new CHILD SA, or old: rekey that one. */
int child_initiate(struct ike_sa *sa, const struct conf_child *child, struct child_sa *old);
/* ike_rekey.c, reauth.c */
int ike_rekey_initiate(struct ike_sa *sa);
int ike_reauth_initiate(struct ike_sa *sa);
/* informational.c: delete the IKE SA; delete a CHILD SA pair; an empty request, for dead peer detection. */
void ike_delete_initiate(struct ike_sa *sa);
void child_delete_initiate(struct child_sa *child);
void dpd_initiate(struct ike_sa *sa);

#endif
