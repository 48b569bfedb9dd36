/* SPDX-License-Identifier: Apache-2.0 */
/* The MSS option of TCP (RFC 9293, 3.7.1) lowered on the way, so that segments fit into the tunnel. */
#ifndef ESPALIER_SOFT_MSS_H
#define ESPALIER_SOFT_MSS_H

#include <stdint.h>

/* len bytes at tcp, of which the beginning is a TCP header if they suffice. Only a SYN's option is touched, only if it is above mss; the checksum follows. */
void soft_clamp_mss(uint8_t *tcp, uint32_t len, uint32_t mss);

#endif
