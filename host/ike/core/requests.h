/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: users' requests, and what they wait for. */
#ifndef ESPALIER_IKE_REQUESTS_H
#define ESPALIER_IKE_REQUESTS_H

#include "core/state.h"

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

/* What it may wait for besides: the end, or the rekeying, of an SA by its number. */
enum wait_kind { WAIT_CHILD_GONE, WAIT_CHILD_REKEYED, WAIT_IKE_GONE, WAIT_IKE_REKEYED };
/* 0 or -ENOMEM. */
int request_wait(struct up_request *r, enum wait_kind kind, uint32_t id);
void requests_happened(struct agent *agent, enum wait_kind kind, uint32_t id, int error, const char *text);

#endif
