/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SA payloads on the wire (RFC 7296, 3.3).
 *   proposal:  last, 0, length (2), number, protocol, SPI length, count of transforms, SPI, transforms
 *   transform: last, 0, length (2), type, 0, id (2), attributes
 *   attribute: type (2), and its value (2) with the upper bit of type set; else length (2) and that many bytes
 */
#ifndef ESPALIER_IKE_SA_FORMAT_H
#define ESPALIER_IKE_SA_FORMAT_H

#define PROPOSAL_HEADER_LEN 8u
#define TRANSFORM_HEADER_LEN 8u
#define ATTRIBUTE_LEN 4u
#define LAST 0u
#define MORE_PROPOSALS 2u
#define MORE_TRANSFORMS 3u
#define ATTRIBUTE_SHORT 0x8000u
#define ATTRIBUTE_KEY_LENGTH 14u

#endif
