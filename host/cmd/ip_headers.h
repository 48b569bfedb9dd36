/* SPDX-License-Identifier: Apache-2.0 */
/* What is behind the IP headers of a packet, of both families: for selectors, and to find ESP in a packet that the device opened. */
#ifndef ESPALIER_IP_HEADERS_H
#define ESPALIER_IP_HEADERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ip_addr.h"

struct ip_headers {
	struct ip_addr src, dst;
	uint8_t proto;	/* of what is behind them */
	bool fragment;	/* of it there is only a part, or its beginning alone */
	size_t len;	/* bytes of all headers */
};

/* Hop-by-hop options, routing headers and destination options are passed. False: they are not all there. */
bool ip_headers_parse(const uint8_t *packet, size_t len, struct ip_headers *headers);

/* The ESP header of a well-formed ESP packet, behind UDP if there is one; NULL: there is none. */
const uint8_t *ip_headers_esp(const uint8_t *packet, size_t len);

#endif
