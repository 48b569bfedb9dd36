/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: users' requests, and what they wait for. */
#ifndef ESPALIER_IKE_COMMANDS_H
#define ESPALIER_IKE_COMMANDS_H

#include "core/child_sa.h"

#define REQUEST_TEXT_LEN 256

/* One command of a user: done when nothing that it waits for is left; the first error counts. Lives in agent->requests until then. */
struct up_request {
	struct up_request *next;
	struct agent *agent;
	agent_done done;	/* NULL: nobody listens any more */
	void *ctx;
	unsigned int pending;
	int error;
	char text[REQUEST_TEXT_LEN];
	struct timer timeout;
	struct waiter *waiters;
};

/* One thing is waited for already, until request_settle: so that it does not end while it is set up. NULL: done was called with -ENOMEM. */
struct up_request *request_begin(struct agent *agent, unsigned int timeout_ms, agent_done done, void *ctx);
void request_hold(struct up_request *r);
/* One of the things is there, or failed. May end the request. r may be NULL: nobody asked. */
void request_settle(struct up_request *r, int error, const char *text);

/* Events, by the numbers of SAs. cause says whether the end is what was wanted. */
void command_child_gone(struct agent *agent, uint32_t id, enum close_cause cause);
void command_child_rekeyed(struct agent *agent, uint32_t id, int error, const char *text);
void command_ike_gone(struct agent *agent, uint32_t id, enum close_cause cause);
void command_ike_rekeyed(struct agent *agent, uint32_t id, int error, const char *text);

/* A user's word for CHILD SAs means this one: "child", "conn/child". */
bool command_means(const char *text, const char *conn, const char *child);

/* up.c: for a request, or NULL. */
void up_child(struct agent *agent, const struct conf_child *child, struct up_request *request);
/* Bring up again what ended: close_action = start. Pauses if it lived for a short time only. */
void up_start_again(struct agent *agent, const struct conf_child *child, uint64_t lived_ms);

#endif
