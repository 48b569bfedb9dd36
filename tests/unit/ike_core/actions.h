/* SPDX-License-Identifier: Apache-2.0 */
/* What users and timers do to a pair's SAs, by number: for tests of loss, of collisions, of long random runs. */
#ifndef ESPALIER_TEST_ACTIONS_H
#define ESPALIER_TEST_ACTIONS_H

#include "pair.h"

enum action { CHILD_REKEY, CHILD_DOWN, IKE_REKEY, IKE_DOWN, REAUTH, NEW_CHILD, ACTION_COUNT };

extern const char *const action_names[ACTION_COUNT];

/* A second child, "two", for NEW_CHILD: lines for pair_open. */
#define ACTIONS_MORE "child two:local_ts = 10.3.0.0/16\nchild two:remote_ts = 10.3.0.0/16\n"

/* Begin it, and do not wait. */
void act(struct node *n, enum action action);

#endif
