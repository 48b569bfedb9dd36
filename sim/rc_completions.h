/* SPDX-License-Identifier: Apache-2.0 */
/* The half of the root complex that answers the card's reads: faults, splitting, reordering. See root_complex.h. */
#ifndef SIM_RC_COMPLETIONS_H
#define SIM_RC_COMPLETIONS_H

#include "root_complex.h"

/* A read has come over the link: it is refused, lost, delayed or queued. */
void rc_read_arrived(struct root_complex *rc, const struct tlp_fields *f, uint32_t serial, uint64_t now);
/* The next completion that may go down the link at this time, or NULL. */
struct tlp *rc_next_completion(struct root_complex *rc, uint64_t now);

#endif
