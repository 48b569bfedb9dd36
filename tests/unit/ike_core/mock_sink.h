/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A data plane without packets: records SAs and policies, and fails the running test at any call that no data plane should see: an SA twice, a
 * key twice in one direction (in the whole world, for ever), a limit or mode outside the caps, a policy whose outbound SA does not exist,
 * deletion of what is not there.
 */
#ifndef ESPALIER_TEST_MOCK_SINK_H
#define ESPALIER_TEST_MOCK_SINK_H

#include "sink/sink.h"

/* Every key that was ever installed, by direction; shared by all nodes of a world. */
struct key_registry {
	struct key_use {
		uint8_t key[SINK_KEY_MAX];
		uint8_t len;
		bool used[2];
	} *uses;
	size_t count, room;
};

struct mock_sa {
	struct mock_sa *next;
	struct sink_sa sa;
	struct sink_sa_stats stats;
	bool soft_told, hard_told;
	bool reserved_only; /* an SPI of get_spi */
};

struct mock_policy {
	struct mock_policy *next;
	bool set; /* since the last sweep */
	struct sink_policy policy;
};

struct mock_event {
	struct mock_event *next;
	struct sink_event event;
};

struct mock_sink {
	struct sink sink;
	const char *name;
	struct key_registry *keys;
	struct sink_caps caps;	 /* a test may change them before configuration */
	bool down;		 /* -ENODEV to everything */
	struct mock_sa *sas;
	struct mock_policy *policies;
	struct mock_event *events, **events_end;
	uint32_t next_spi;
	int fail_adds;		 /* so many sa_add from now fail with -ENOSPC */
	int fail_policies;	 /* and so many policy_set of numbers that have none yet */
	uint64_t adds, deletes, updates, queries; /* calls that succeeded */
	uint64_t (*now_ms)(void *ctx);
	void *now_ctx;
};

/* All that the software reference can do, events too. */
void mock_sink_init(struct mock_sink *s, const char *name, struct key_registry *keys, uint32_t first_spi);
/* Forgets everything, wherever it came from. */
void mock_sink_clear(struct mock_sink *s);
void key_registry_free(struct key_registry *keys);

struct mock_sa *mock_sa_find(struct mock_sink *s, enum sink_direction direction, uint32_t spi, const struct ip_addr *dst);
struct mock_policy *mock_policy_find(struct mock_sink *s, uint32_t reqid);
/* By the packet's addresses: the policy with the least priority that matches; NULL: none. */
struct mock_policy *mock_policy_match(struct mock_sink *s, const struct ip_addr *local, const struct ip_addr *remote);
unsigned int mock_sa_count(const struct mock_sink *s);	   /* without reserved SPIs */
unsigned int mock_reserved_count(const struct mock_sink *s);

/* So many packets go through the SA: counters, limits, EXPIRE events if caps.events. False: its hard limit is reached, no packet passed. */
bool mock_sa_use(struct mock_sink *s, struct mock_sa *sa, uint64_t packets, uint64_t bytes);

/* Events; the agent sees them with its next run (node_poke). */
void mock_raise(struct mock_sink *s, const struct sink_event *event);
void mock_raise_acquire(struct mock_sink *s, uint32_t reqid, const struct ip_addr *local, const struct ip_addr *remote);
void mock_raise_expire(struct mock_sink *s, const struct mock_sa *sa, bool hard);
void mock_raise_mapping(struct mock_sink *s, const struct mock_sa *sa, const struct endpoint *endpoint);
/* The data plane dies with all its SAs; and comes back empty. */
void mock_down(struct mock_sink *s);
void mock_up(struct mock_sink *s);

#endif
