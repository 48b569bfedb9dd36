/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: what both sides of a CHILD SA's negotiation do, child_common.c. */
#ifndef ESPALIER_IKE_CHILD_COMMON_H
#define ESPALIER_IKE_CHILD_COMMON_H

#include "core/sa.h"

#define CHILD_NONCE_LEN 32u

/* Selectors of one side. */
struct ts_set {
	unsigned int count;
	struct ts list[SINK_TS_MAX];
};

/* What both sides agreed to and what keys come from. */
struct child_agreed {
	const struct suite *suite;
	const struct ts_set *local, *remote;
	enum sink_mode mode;
	bool initiator;		/* of the exchange */
	uint32_t spi_in, spi_out;
	struct part ni, nr;
	struct dh *dh;		/* ours, NULL without PFS */
	struct part peer_public;
	uint32_t replaces_id;	/* of the CHILD SA that it is to replace, 0: none */
};

/* The ESP proposals of the configuration that the data plane and the library can do; for the caller to free. NULL: none, or no memory. */
struct proposals *child_proposals(const struct ike_sa *sa, const struct conf_child *child);
/* Selectors of the configuration with this IKE SA's addresses. */
void child_selectors(const struct ike_sa *sa, const struct conf_child *child, struct ts_set *local, struct ts_set *remote);
/* Transport mode is wanted and can be done: not through a NAT, where selectors would have to be rewritten (RFC 7296, 2.23.1). */
bool child_transport(const struct ike_sa *sa, const struct conf_child *child);
/* What a rekeying goes by: child, or that of the same name in the configuration that sa has taken since. In sa->conf or that of child. */
const struct conf_child *child_followed(const struct ike_sa *sa, const struct conf_child *child);
/* An SPI for our inbound SA, reserved in the sink; and back. */
int child_get_spi(struct ike_sa *sa, uint32_t *spi);
void child_put_spi(struct ike_sa *sa, uint32_t spi);
/* Make the CHILD SA: keys, installation. Wipes keys. -ENODEV, -ENOSPC, ...: the sink refused; the SPI then still has to be given back. */
int child_make(struct ike_sa *sa, const struct conf_child *conf_child, const struct child_agreed *a, bool use, struct child_sa **child);

#endif
