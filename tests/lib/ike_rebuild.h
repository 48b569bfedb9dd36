/* SPDX-License-Identifier: Apache-2.0 */
/* Write a parsed chain of IKE payloads again through decoders and builder: what unit tests and the fuzzer compare. */
#ifndef ESPALIER_TEST_IKE_REBUILD_H
#define ESPALIER_TEST_IKE_REBUILD_H

#include "proto/build.h"

/*
 * Each payload goes through its decoder; what that takes is written by its encoder, the rest (unknown payloads, SK, contents that are refused,
 * proposals with unknown transforms or attributes) is copied. A payload's refusal without a reason aborts.
 */
void ike_rebuild(const struct ike_chain *chain, struct ike_builder *b);

#endif
