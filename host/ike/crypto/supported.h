/* SPDX-License-Identifier: Apache-2.0 */
/* What of a proposal for an IKE SA this library can do: for proposal_filter() before it is offered or chosen from. */
#ifndef ESPALIER_IKE_SUPPORTED_H
#define ESPALIER_IKE_SUPPORTED_H

#include "proto/proposal.h"

/* ENCR with its key length, PRF, INTEG (NONE too), KE; an unknown type: false. ESP's ENCR and ESN are the data plane's. */
bool crypto_supports(const struct transform *transform);

#endif
