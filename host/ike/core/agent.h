/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The IKEv2 agent as a library without sockets, clock or threads (RFC 7296 and friends): espalier-ike's event loop drives it, and so do tests,
 * with a network, a clock and a data plane of their own. All that it does happens inside these calls; none of them blocks, but those of the
 * sink. Errors are negative errno values with one sentence (AGENT_ERROR_LEN bytes).
 */
#ifndef ESPALIER_IKE_AGENT_H
#define ESPALIER_IKE_AGENT_H

#include "net/addr.h"
#include "sink/sink.h"

#define AGENT_ERROR_LEN 512
#define AGENT_DATAGRAM_MAX 65535u /* bytes of an IKE message, without the non-ESP marker */

struct agent;
struct conf;

enum agent_log { AGENT_ERROR, AGENT_INFO, AGENT_DEBUG };

/* Keys of an IKE SA or an SA pair, for the named debug option --keylog alone. Pointers hold during the call. */
struct agent_ike_secrets {
	uint64_t spi_i, spi_r;
	uint16_t encr, encr_bits, integ; /* IKEv2 transform ids; integ 0: AEAD */
	const uint8_t *sk_ei, *sk_er, *sk_ai, *sk_ar;
	size_t encr_len, integ_len; /* bytes; encr_len with the salt */
};

/* text is one line without its end. sa: "conn[3]" or "". */
typedef void (*agent_log_line)(void *ctx, enum agent_log level, const char *sa, const char *text);

/* What the world gives to the agent. ctx goes into every call. Functions must be there but where NULL is allowed. */
struct agent_env {
	void *ctx;
	/* Milliseconds of a clock that never goes back. */
	uint64_t (*now_ms)(void *ctx);
	/* Bytes nobody can guess. 0 or a negative errno value. */
	int (*random)(void *ctx, uint8_t *out, size_t len);
	/*
	 * Send one datagram from local (address none: any) to remote. local->port says which socket; on nat_port the environment puts the
	 * non-ESP marker in front (RFC 3948). What cannot be sent is lost, as on a network: the agent retransmits.
	 */
	void (*send)(void *ctx, const struct endpoint *local, const struct endpoint *remote, const uint8_t *data, size_t len);
	/* A NAT keepalive: the single byte 0xff, without marker (RFC 3948, 2.3). */
	void (*keepalive)(void *ctx, const struct endpoint *local, const struct endpoint *remote);
	/* The address from which a packet to remote would go. 0 or a negative errno value. */
	int (*source)(void *ctx, const struct ip_addr *remote, struct ip_addr *local);
	agent_log_line log;
	/* Key log; NULL unless the user asked for it. */
	void (*keylog_ike)(void *ctx, const struct agent_ike_secrets *secrets);
	void (*keylog_esp)(void *ctx, const struct sink_sa *sa);
	uint16_t port, nat_port; /* 500 and 4500, ours; peers without a configured port have 500 and 4500 */
};

/* Limits and times; agent_default_settings fills in strongSwan's defaults. */
struct agent_settings {
	uint32_t retransmit_ms;	       /* wait after a request was sent first: 4000 */
	uint32_t retransmit_percent;   /* each wait is so much of the one before: 180 */
	unsigned int retransmit_tries; /* retransmissions before the peer is given up: 5, which is 165 s in all */
	uint32_t half_open_ms;	       /* life of an IKE SA as responder without IKE_AUTH: 30000 */
	unsigned int half_open_max;    /* of them at most: 10000; then new ones have to wait, unless one is older than a third of half_open_ms */
	unsigned int cookie_threshold; /* so many of them and of requests refused within a second, and the next ones must bring a cookie: 30; 0: always */
	unsigned int block_threshold;  /* of one address (IPv6: /64) at most: 5, from half as many on with a cookie; 0: no limit */
	uint32_t fragment_size;	       /* bytes of an IP packet with an IKE message; above, it goes in fragments: 1280 */
	uint32_t keepalive_ms;	       /* behind a NAT, after so much silence: 20000 */
	unsigned int children_max;     /* CHILD SAs of one IKE SA: 256, or twice as many while they are rekeyed; then NO_ADDITIONAL_SAS */
	unsigned int peer_share;       /* percent of the data plane's SAs that it has and that are free, for a peer that asks for more; 100: no limit. 75 */
	uint32_t retire_ms;	       /* how long an inbound SA stays after its rekeying: 5000 */
	uint32_t start_blocks;	       /* what is to be up by start_action, close_action or dpd_action = start is blocked while it is down: 1; 0: not */
	uint32_t retry_ms;	       /* first pause before a failed connection is tried again, doubled each time, to 60 times as much, less up to a quarter: 5000 */
};

void agent_default_settings(struct agent_settings *settings);

/* env and sink stay the caller's and in use until agent_destroy. settings NULL: the defaults. */
int agent_create(const struct agent_env *env, const struct agent_settings *settings, struct sink *sink, struct agent **agent, char *error);
/* Wipes and frees everything, sends nothing: agent_stop is the polite end. agent may be NULL. */
void agent_destroy(struct agent *agent);

/*
 * Take a configuration: load its certificates, keys and secrets, install trap policies, begin what start_action says. The agent holds its own reference.
 * A second call replaces the first (reload): IKE SAs whose connection has changed in nothing but children and lifetimes follow the new one, their
 * CHILD SAs with the next rekeying; those of connections that are gone or changed otherwise stay as they are until they end.
 * On an error the old one stays in force. Thousands of policies take their time, which agent_run gives them: until agent_configuring() is false some are not set, or
 * of before.
 */
int agent_configure(struct agent *agent, struct conf *conf, char *error);
bool agent_configuring(const struct agent *agent);

/*
 * Judge a configuration file without an agent: read it and its certificates, keys and secrets, and log each thing that it asks for and would not get,
 * from a data plane like this one and otherwise; agent_configure logs the same. Returns how many such remarks there are, or negative with a sentence.
 */
int agent_check(const char *path, const struct sink_caps *caps, agent_log_line log, void *ctx, char *error);

/* A datagram that came to local (its port: port or nat_port) from remote; the non-ESP marker is cut off. Bad ones are counted and dropped. */
void agent_receive(struct agent *agent, const struct endpoint *local, const struct endpoint *remote, const uint8_t *data, size_t len);

/*
 * Do what is due: timers, events of the sink, some of each, so that datagrams are not kept waiting. Returns milliseconds until the next timer, 0 if
 * more is due now, or -1: there is none.
 */
int64_t agent_run(struct agent *agent);

/* Begin to delete all SAs; agent_stopped() says when the peers have answered or been given up. */
void agent_stop(struct agent *agent);
bool agent_stopped(const struct agent *agent);

/* ---- what a user asks for ------------------------------------------------------------------------------------------------ */

/* How an asynchronous request ended: error 0 and text what came of it, or a negative errno value and a sentence why not. Called exactly once. */
typedef void (*agent_done)(void *ctx, int error, const char *text);

/*
 * Establish: name is "conn", "child" or "conn/child". done may be called before the function returns. The request ends with an error
 * after timeout_ms (0: when the agent gives up by itself); the attempt goes on then.
 */
void agent_up(struct agent *agent, const char *name, unsigned int timeout_ms, agent_done done, void *ctx);
/* Close: a name as above, "#3" an IKE SA, "{5}" a CHILD SA by their numbers. */
void agent_down(struct agent *agent, const char *name, agent_done done, void *ctx);
/* Rekey CHILD SAs by these names; ike: their IKE SA; reauth: their IKE SA, make before break. */
void agent_rekey(struct agent *agent, const char *name, bool ike, bool reauth, agent_done done, void *ctx);
/* The caller of a pending request is gone: its done is not called any more. */
void agent_forget(struct agent *agent, void *ctx);

/* ---- what a user sees ---------------------------------------------------------------------------------------------------- */

struct agent_child_info {
	const char *name, *state, *proposal; /* "INSTALLED", "REKEYING", "REKEYED", "DELETING" */
	uint32_t id, reqid, spi_in, spi_out;
	bool transport, esn, udp_encap;
	const struct ts *local_ts, *remote_ts;
	unsigned int local_ts_count, remote_ts_count;
	struct sink_sa_stats in, out;
	uint64_t age_s;
};

struct agent_ike_info {
	const char *name, *state, *proposal, *local_id, *remote_id; /* "CONNECTING", "ESTABLISHED", "REKEYING", "REKEYED", "DELETING" */
	uint32_t id;
	bool initiator, nat_local, nat_remote;
	struct endpoint local, remote;
	uint64_t spi_i, spi_r, age_s;
};

/* Pointers hold during the call. Children follow their IKE SA. */
struct agent_visitor {
	void *ctx;
	void (*ike)(void *ctx, const struct agent_ike_info *info);
	void (*child)(void *ctx, const struct agent_child_info *info);
	bool (*enough)(void *ctx); /* asked after each IKE SA and its children; NULL: never */
};

/*
 * The IKE SAs whose id is below `below` (0: all), the newest first, until the visitor has enough. Returns the id of the last, to go on below it; 0: there
 * are no more.
 */
uint32_t agent_list(struct agent *agent, const struct agent_visitor *visitor, uint32_t below);

struct agent_stats {
	uint64_t received, sent, retransmitted;
	uint64_t malformed, unknown_spi, bad_icv, out_of_window, cookies_sent, cookies_bad, half_open_dropped;
	uint64_t established, failed; /* IKE SAs */
	unsigned int ike_sas, half_open, child_sas;
};

void agent_get_stats(const struct agent *agent, struct agent_stats *stats);

#endif
