/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: how long a CHILD SA lives. */
#ifndef ESPALIER_IKE_CHILD_LIFE_H
#define ESPALIER_IKE_CHILD_LIFE_H

#include "core/sa.h"

/* Packets and bytes, with jitter; before installation. */
void child_set_limits(struct child_sa *child);
void child_start_timers(struct child_sa *child);
void child_stop_timers(struct child_sa *child);
/* After child_no_rekey: it is to be rekeyed again, as if it were new. */
void child_start_rekey(struct child_sa *child);
/* Its rekeying did not come about now: try again in a while. */
void child_rekey_later(struct child_sa *child);
/* It is rekeyed: by its lifetimes not once more. Its hard end stays. */
void child_no_rekey(struct child_sa *child);
/* An expire event of the sink for one of its SAs: EVENT_CHILD_EXPIRES. */
void child_expire(struct child_sa *child, bool hard);

#endif
