/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: ESP algorithms as IKEv2 and the data plane call them, and what of them can be done. */
#ifndef ESPALIER_IKE_AEAD_H
#define ESPALIER_IKE_AEAD_H

#include "proto/proposal.h"
#include "sink/sink.h"

/* What the data plane calls this ENCR transform; false: nothing. */
bool child_aead(const struct suite *suite, enum sink_aead *aead);
/* Bytes of key and salt. */
size_t aead_key_len(enum sink_aead aead);
/* The data plane (arg: a struct sink_caps) and the library have it; for proposal_filter. */
bool child_can_do(const struct transform *transform, void *arg);

#endif
