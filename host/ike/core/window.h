/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the agent: a window of one each way (RFC 7296, 2.1 to 2.3). Our requests leave one after the other, each repeated until its response is
 * there; the peer's are taken in order, and the last response is kept for the peer that missed it. What comes in is judged here, and handled by dispatch.c.
 */
#ifndef ESPALIER_IKE_WINDOW_H
#define ESPALIER_IKE_WINDOW_H

#include "core/sa.h"

/* ---- our requests ------------------------------------------------------------------------------------------------------------------ */

/* Queue an exchange; it belongs to the SA then, and may have begun when this returns. */
void ike_queue(struct ike_sa *sa, struct exchange *x);
/* The same, in front of others that did not begin: deletes, and what must follow at once. */
void ike_queue_first(struct ike_sa *sa, struct exchange *x);
/* An exchange that needs nothing but its operations, whose free is exchange_free_bare. 0 or -ENOMEM. */
int ike_queue_bare(struct ike_sa *sa, const struct exchange_ops *ops, bool first);
void exchange_free_bare(struct exchange *x);
/* There is one of these in the queue, or under way. */
bool window_has(const struct ike_sa *sa, const struct exchange_ops *ops);
/* The one under way, if it is one of these; else NULL. */
struct exchange *window_under_way(const struct ike_sa *sa, const struct exchange_ops *ops);
/* Does a request of ours go out now? Used to answer TEMPORARY_FAILURE. */
bool ike_sa_busy(const struct ike_sa *sa);
/* Begin what waits, if it may. */
void window_next(struct ike_sa *sa);
/* The response to the request under way is there: it is not repeated any more. The exchange stays first in the queue, to be begun anew. */
void window_answered(struct ike_sa *sa);
/* The same, and the exchange leaves the queue: the caller ends it. */
struct exchange *window_take(struct ike_sa *sa);
/* abandoned: without a response. Frees it. */
void window_end_exchange(struct ike_sa *sa, struct exchange *x, bool abandoned);
/* An unprotected error came: whoever has better to say does so in the next few seconds. */
void window_hurry(struct ike_sa *sa);
/* The SA ends: abandon what is queued, forget what was sent. */
void window_abandon(struct ike_sa *sa);

/* ---- messages in -------------------------------------------------------------------------------------------------------------------- */

enum window_verdict {
	WINDOW_NOT_NOW,
	WINDOW_REQUEST,	 /* the peer's next one */
	WINDOW_AGAIN,	 /* its last one: it wants the response again */
	WINDOW_RESPONSE, /* to the request under way */
};

/* By the header alone: what the message proves to be is still to be seen. */
enum window_verdict window_judge(const struct ike_sa *sa, const struct ike_header *header);
/* Send the response to the last request again, from there to there. */
void window_repeat(struct ike_sa *sa, const struct endpoint *local, const struct endpoint *remote);
/* The request has been handled: protect, send and keep the response; NULL: there is none. 0 or negative: it could not be made. */
int window_answer(struct ike_sa *sa, const struct ike_header *request, struct ike_builder *response);

/* Message IDs never wrap: the SA is rekeyed long before, and ends at the last. next: sa->send_id or sa->receive_id. */
enum window_ids { WINDOW_IDS_FINE, WINDOW_IDS_REKEY, WINDOW_IDS_USED_UP };
enum window_ids window_ids(uint32_t next);

#endif
