/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's SAs as JSON: the answer to `espalier ike list`. docs/espalier-ike.md names the members. */
#ifndef ESPALIER_IKE_LISTING_H
#define ESPALIER_IKE_LISTING_H

#include <jansson.h>

#include "core/agent.h"

/* {"ike_sas":[...],"stats":{...}}; a new reference, NULL without memory. */
json_t *listing(struct agent *agent);

#endif
