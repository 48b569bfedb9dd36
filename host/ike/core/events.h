/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the agent: what happened, and who is told. A file knows those below it and calls them; those above it hear of it by an event. listeners.c is the
 * table of who listens to what, in which order; agent_create takes it, and nothing changes it afterwards.
 */
#ifndef ESPALIER_IKE_EVENTS_H
#define ESPALIER_IKE_EVENTS_H

#include "net/addr.h"

struct agent;
struct child_packet;
struct child_sa;
struct conf_child;
struct ike_sa;

/* Why an IKE or CHILD SA ends, for close_action, dpd_action and keyingtries. */
enum close_cause {
	CLOSE_LOCAL,	/* we wanted it: a user's command, shutdown, unique policy, lifetime */
	CLOSE_REPLACED, /* rekeyed or authenticated anew */
	CLOSE_PEER,	/* the peer deleted it */
	CLOSE_DEAD,	/* the peer does not answer */
	CLOSE_FAILED,	/* it was never established, or broke a rule */
};

/* Behind each, the members of struct event that it fills in. */
enum event_kind {
	EVENT_IKE_AUTHENTICATED, /* ike: the peer is who it says; its first CHILD SA is still to be made */
	EVENT_IKE_ESTABLISHED, /* ike: keys are there and both sides authenticated */
	EVENT_IKE_REFUSED,     /* ike, error, text: as initiator we do not accept the peer; it is told before the SA closes */
	EVENT_IKE_UNANSWERED,  /* ike, cause, text: a request got no response, or could not be made; the listener closes the SA */
	EVENT_IKE_REKEY_DUE,   /* ike */
	EVENT_IKE_REAUTH_DUE,  /* ike */
	EVENT_IKE_REPLACED,    /* ike, successor, which is not established yet: CHILD SAs have moved */
	EVENT_IKE_REKEYED,     /* id, error, text: of a rekeying or reauthentication of ours, or the peer's in its place; error not 0: it failed */
	EVENT_IKE_MOVED,       /* ike, from: its peer has another address */
	EVENT_IKE_ENDS,	       /* ike, cause, text: it is as it was, but in no table of names and identities */
	EVENT_IKE_GONE,	       /* ike, without exchanges and CHILD SAs; it is freed, or only answers retransmissions */
	EVENT_REKEY_REFUSED,   /* ike, child or NULL: by the peer, count times; now: its life is over */
	EVENT_CHILD_MADE,      /* child: installed */
	EVENT_CHILD_ASKED,     /* ike, conf, error, text, packet or NULL, child or NULL: what came of a CHILD SA that we asked for, but a rekeying */
	EVENT_CHILD_REKEY_DUE, /* child: by the clock */
	EVENT_CHILD_EXPIRES,   /* child, hard: a lifetime, of whatever kind, nears its end; hard: it is over */
	EVENT_CHILD_REKEYED,   /* id, error, text: as EVENT_IKE_REKEYED */
	EVENT_CHILD_ENDS,      /* child, cause: still in the data plane */
	EVENT_CHILD_GONE,      /* id, cause */
	EVENT_RETRY_DUE,       /* conf, count: it is to come up, after so many failures */
	EVENT_COUNT
};

struct event {
	enum event_kind kind;
	struct ike_sa *ike, *successor;
	struct child_sa *child;
	const struct conf_child *conf;
	const struct child_packet *packet;
	const struct endpoint *from;
	uint32_t id;	 /* of an IKE or CHILD SA that may be gone */
	enum close_cause cause;
	int error;	 /* 0 or a negative errno value */
	const char *text; /* a sentence for people, or NULL */
	unsigned int count;
	bool hard, now;
};

/* event and what it points to hold during the call. */
typedef void (*event_listener)(struct agent *agent, const struct event *event);
#define EVENT_LISTENERS_MAX 5u
/* In the order in which they are called; NULL: no more. */
typedef event_listener event_table[EVENT_COUNT][EVENT_LISTENERS_MAX];

/* Call the listeners of its kind. */
void event_emit(struct agent *agent, const struct event *event);

#endif
