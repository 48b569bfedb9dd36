/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's SAs as JSON: the answer to `espalier ike list`. docs/espalier-ike.md names the members. */
#ifndef ESPALIER_IKE_LISTING_H
#define ESPALIER_IKE_LISTING_H

#include "core/agent.h"

/* An answer in the making: zero is its beginning. SAs that come meanwhile are not in it, those that go may be or not. */
struct listing {
	uint32_t below; /* the ids that are still to come */
	bool begun, ended;
};

/*
 * The next piece of {"ok":true,"ike_sas":[...],"stats":{...}}, of a few IKE SAs, so that others have their turn between; the caller's to free. NULL without
 * memory. The last piece sets ended.
 */
char *listing_next(struct listing *listing, struct agent *agent);

#endif
