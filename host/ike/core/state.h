/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: what all its IKE SAs share. */
#ifndef ESPALIER_IKE_STATE_H
#define ESPALIER_IKE_STATE_H

#include "conf/conf.h"
#include "core/agent.h"
#include "core/events.h"
#include "core/hash.h"
#include "core/timer.h"

struct cookie_secrets;
struct credentials;
struct ike_sa;
struct offers;
struct reqids;
struct up_request;

/* trap.c: what of a configuration's policies is still to be done, in this order. */
enum trap_part { TRAPS_DONE, TRAPS_PASS, TRAPS_OTHERS, TRAPS_SETTLE };

struct trap_work {
	enum trap_part part;
	size_t conn, child;   /* the next one; settling: the slot of the table of reqids */
	size_t slots;	      /* settling: which that table had at its beginning */
	bool keep;	      /* what was there before blocks on: not all could be set */
	int err;	      /* the first */
	char error[SINK_ERROR_LEN]; /* and what the sink said of it */
};

struct agent {
	struct agent_env env;
	struct agent_settings settings;
	struct sink *sink;
	struct sink_caps caps; /* zero while the data plane is gone: nothing is agreed to then */
	const event_table *listeners;
	struct timers timers;
	struct conf *conf;     /* in force, NULL before agent_configure; a reference */
	struct credentials *credentials; /* of conf */
	struct offers *offers;		 /* of conf */
	struct ike_sa *sas;    /* all IKE SAs, the newest first */
	struct hash by_spi;    /* IKE SAs by our own SPI */
	struct hash by_name;   /* IKE SAs by the name of their connection */
	struct hash by_init;   /* half-open IKE SAs as responder by the peer's SPI and address */
	struct hash by_source; /* how many half-open ones an address has */
	struct hash by_peer;   /* established IKE SAs by the peer's identity, for the unique policy */
	struct hash peers;     /* peer.c: by identity */
	struct hash children;  /* CHILD SAs by child_key(): inbound and outbound SPI; child_sa.c */
	struct ike_sa *half_open_oldest, *half_open_newest;
	unsigned int refused;	    /* half_open.c: requests, since then */
	uint64_t refused_since_ms;
	struct cookie_secrets *cookies;
	uint64_t notify_allowed_ms; /* cookie.c: when the next unprotected error may go out */
	uint64_t log_allowed_ms;    /* init_respond.c */
	struct hash retries;   /* retry.c: by names */
	struct reqids *reqids;	     /* trap.c */
	struct trap_work traps;	     /* of conf, as far as they are installed */
	struct up_request *requests; /* commands.c */
	uint32_t last_ike_id, last_child_id;
	uint32_t sink_losses;  /* how often the data plane came back empty: what was reserved there before is gone */
	struct agent_stats stats;
	bool stopping;
	bool running; /* inside a call of agent.h */
};

static inline bool agent_has_data_plane(const struct agent *agent)
{
	return agent->caps.outer_v4 || agent->caps.outer_v6;
}

static inline uint64_t agent_now(const struct agent *agent)
{
	return agent->env.now_ms(agent->env.ctx);
}

void agent_log(const struct agent *agent, enum agent_log level, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Random bytes, or -EIO. */
int agent_random(struct agent *agent, void *out, size_t len);
/* value less a random part of up to rand; for lifetimes' jitter (strongSwan's rand_time). */
uint64_t agent_jitter(struct agent *agent, uint64_t value, uint64_t rand);

#endif
