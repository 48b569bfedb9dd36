/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A world for agents: several of them in one process with a mock network, clock, random source and data plane, all deterministic for a seed.
 * Nothing waits: the clock jumps to the next datagram or timer. Each data plane checks what it is told, and so does world_consistent();
 * what is wrong fails the running cmocka test with a sentence.
 *
 *	struct world *w = world_new(1);
 *	struct node *a = world_add(w, "a", "192.0.2.1"), *b = world_add(w, "b", "192.0.2.2");
 *	node_configure(a, text_a);
 *	node_configure(b, text_b);
 *	node_up(a, "net");			runs until it is up, or fails the test
 *	world_run(w, 30 * 1000);
 *	world_consistent(w, 1, 1);
 *	world_free(w);
 */
#ifndef ESPALIER_TEST_WORLD_H
#define ESPALIER_TEST_WORLD_H

#include "core/agent.h"
#include "mock_sink.h"

#define WORLD_NODES_MAX 8
#define WORLD_LATENCY_MS 10	/* of each datagram and ESP packet, unless a hook says otherwise */
#define WORLD_ADDRS_MAX 4

struct world;

/* A datagram on its way. A hook may change data (len up to AGENT_DATAGRAM_MAX) and what follows it. */
struct datagram {
	struct datagram *next;
	struct node *from;
	struct endpoint src, dst;   /* as on the wire, behind the sender's NAT */
	uint64_t number;	    /* 1 and up, in the order of sending */
	uint8_t exchange;	    /* of the IKE header: enum ike_exchange; 0: a keepalive */
	bool response, retransmit;  /* retransmit: the same bytes were sent by this node before */
	uint32_t message_id;
	uint64_t spi_i, spi_r;
	uint64_t due_ms;
	uint8_t *data;
	size_t len;
	/* for the hook */
	bool drop;
	unsigned int copies;	    /* more of them, each WORLD_LATENCY_MS later */
};

/* Sees each datagram as it is sent. */
typedef void (*world_hook)(void *ctx, struct world *w, struct datagram *d);

struct node {
	struct world *world;
	const char *name;
	struct agent *agent;
	struct mock_sink sink;
	struct agent_env env;
	struct ip_addr addrs[WORLD_ADDRS_MAX];
	unsigned int addr_count;
	struct ip_addr range_lo, range_hi; /* more of them: world_range. family 0: none */
	uint64_t random_state;
	uint64_t next_run_ms;	    /* UINT64_MAX: no timer */
	bool cut;		    /* its cable: what it sends and what is for it is lost */
	uint64_t sent, received, keepalives;
	unsigned int log_errors;    /* lines of AGENT_ERROR */
	const char *log_awaited;    /* a part of a line; NULL: none */
	unsigned int log_seen;	    /* lines with it */
	const char *listen;	    /* if it is not NULL: */
	unsigned int heard;	    /* how many lines had it, at the level that people see by default */
	/* NAT in front of it: see world_nat */
	bool nat;
	struct ip_addr nat_ip;
	struct nat_port { uint16_t inside, outside; } nat_ports[8];
	unsigned int nat_count;
	uint16_t nat_next;
	uint64_t *sent_hashes;	    /* of datagrams, for retransmit */
	size_t sent_hash_count;
	uint64_t flood_sent, flood_received, flood_lost; /* node_flood */
};

struct world {
	uint64_t now_ms, seed, random_state;
	struct node *nodes[WORLD_NODES_MAX];
	unsigned int node_count;
	struct datagram *wire, **wire_end; /* by due time */
	uint64_t numbers;
	world_hook hook;
	void *hook_ctx;
	struct agent_settings settings; /* of nodes added or restarted from now on; the defaults at first */
	struct key_registry keys;
	struct flood *floods;
	struct esp_packet *esp;	    /* by due time */
	uint64_t esp_latency_ms;    /* of ESP packets: WORLD_LATENCY_MS unless a test wants them slower than IKE */
};

/* ---- building ------------------------------------------------------------------------------------------------------------ */

struct world *world_new(uint64_t seed);
/* Destroys the agents; the data planes must have nothing left that world_consistent did not see. */
void world_free(struct world *w);
/* addrs: "192.0.2.1" or several with spaces. The agent exists at once, without configuration. */
struct node *world_add(struct world *w, const char *name, const char *addrs);
/* swanctl.conf text. The test fails if it is refused. */
void node_configure(struct node *n, const char *text);
/* The same with a configuration that the caller keeps. */
void node_set_conf(struct node *n, struct conf *conf);
/* The agent dies without a word and a new one starts with no state; the data plane loses all. Configure it again. */
void node_restart(struct node *n);
/* All addresses from lo to hi are the node's, too: as if it were many hosts. */
void world_range(struct node *n, const char *lo, const char *hi);
void world_set_hook(struct world *w, world_hook hook, void *ctx);
/* From now on its datagrams come from this address, ports translated one by one from 40000 up; only these ports let anything in. */
void world_nat(struct node *n, const char *outside);
/* The NAT forgets its ports: the next datagrams of the node come from others. */
void world_nat_rebind(struct node *n);
/* A random number of the world itself, for tests: below limit. */
uint64_t world_random(struct world *w, uint64_t limit);

/* ---- time ---------------------------------------------------------------------------------------------------------------- */

/* One event: jumps to the next datagram, packet or timer, if that is not later than until_ms. False: there is none. */
bool world_step(struct world *w, uint64_t until_ms);
/* All that happens in the next ms milliseconds; the clock is then that much later. */
void world_run(struct world *w, uint64_t ms);
/* Until done(ctx) is true; false: it was not within ms. */
bool world_until(struct world *w, bool (*done)(void *ctx), void *ctx, uint64_t ms);
/* A datagram out of nowhere, as an attacker sends it: delivered at once. */
void world_inject(struct world *w, const struct endpoint *src, const struct endpoint *dst, const uint8_t *data, size_t len);
/* Events of the node's data plane are looked at now. mock_sink.h raises them. */
void node_poke(struct node *n);

/* ---- commands: run until they end -------------------------------------------------------------------------------------- */

#define WORLD_LOG_LEN 512
struct outcome {
	bool done;
	int error;
	char text[WORLD_LOG_LEN];
};

/* Give this to agent_up and friends, with a struct outcome as context. */
void world_outcome(void *ctx, int error, const char *text);
/* Within ten minutes of the world's time; returns the error, and with must the test fails on one. */
int node_up_try(struct node *n, const char *name, struct outcome *outcome);
void node_up(struct node *n, const char *name);
void node_down(struct node *n, const char *name);
void node_rekey(struct node *n, const char *name, bool ike, bool reauth);

/* ---- looking -------------------------------------------------------------------------------------------------------------- */

/* What agent_list says, copied. */
struct child_copy {
	char name[64], state[16], proposal[160];
	uint32_t id, reqid, spi_in, spi_out;
	bool transport, esn, udp_encap;
	struct ts local_ts[SINK_TS_MAX], remote_ts[SINK_TS_MAX];
	unsigned int local_ts_count, remote_ts_count;
	struct sink_sa_stats in, out;
	uint64_t age_s, ike_spi_i;
};

struct ike_copy {
	char name[64], state[16], proposal[160], local_id[128], remote_id[128];
	uint32_t id;
	bool initiator, nat_local, nat_remote;
	struct endpoint local, remote;
	uint64_t spi_i, spi_r, age_s;
};

struct snapshot {
	unsigned int ike_count, child_count;
	struct ike_copy *ikes;
	struct child_copy *children;
};

void node_snapshot(struct node *n, struct snapshot *s);
void snapshot_free(struct snapshot *s);
/* The only CHILD SA, the only IKE SA; the test fails if there are others. */
struct child_copy node_only_child(struct node *n);
struct ike_copy node_only_ike(struct node *n);
unsigned int node_child_count(struct node *n);
unsigned int node_ike_count(struct node *n);

/*
 * Nothing is under way, and everything fits: on each node that many IKE SAs (each established and known to its peer with the same SPIs) and
 * that many CHILD SAs (each installed; its outbound SA is the peer's inbound SA by SPI, key, algorithm, mode, ESN; selectors are mirrored; the
 * policy of its reqid uses the newest), and no SA, SPI or policy in the data plane beyond these (and traps). In a world of two nodes.
 */
void world_consistent(struct world *w, unsigned int ike_sas, unsigned int child_sas);
/* The same without asking how many, but both nodes must have the same number. */
void world_consistent_any(struct world *w);

/* ---- traffic ----------------------------------------------------------------------------------------------------------------- */

/*
 * A packet of the user from src to dst (inner addresses) through the node's data plane at once, without latency: policy, outbound SA, and at
 * the node with the outer destination the inbound SA with the same key and the policy. True: it arrived. A trap is an ACQUIRE.
 */
bool node_ping(struct node *n, const char *src, const char *dst);
/* The same every interval_ms with latency from now on, until node_flood_stop; counted in flood_sent, flood_received, flood_lost. */
void node_flood(struct node *n, const char *src, const char *dst, uint64_t interval_ms);
void world_flood_stop(struct world *w);

#endif
