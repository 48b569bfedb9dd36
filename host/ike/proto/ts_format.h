/* SPDX-License-Identifier: Apache-2.0 */
/* Traffic selectors on the wire (RFC 7296, 3.13.1): type, protocol, length (2), first and last port (2 each), first and last address. */
#ifndef ESPALIER_IKE_TS_FORMAT_H
#define ESPALIER_IKE_TS_FORMAT_H

#define TS_IPV4_ADDR_RANGE 7u
#define TS_IPV6_ADDR_RANGE 8u
#define TS_HEADER_LEN 8u

#endif
