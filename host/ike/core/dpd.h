/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: dead peer detection (RFC 7296, 2.4). */
#ifndef ESPALIER_IKE_DPD_H
#define ESPALIER_IKE_DPD_H

#include "core/sa.h"

/* Ask whether the peer lives, unless another request does so. */
void dpd_initiate(struct ike_sa *sa);

#endif
