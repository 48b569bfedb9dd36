/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the library: distinguished names (RFC 5280, 4.1.2.4) as DER, as text, and compared. */
#ifndef ESPALIER_IKE_DN_H
#define ESPALIER_IKE_DN_H

#include <stdbool.h>

#include "crypto/fail.h"

/*
 * "C=CH, O=Example, CN=gw" -> DER in *der (OPENSSL_free). Attributes by strongSwan's names or as dotted OIDs; commas, or slashes if the text
 * begins with one, separate them; a backslash takes the next character as it is. 0, -EINVAL with a sentence, -ENOMEM.
 */
int dn_parse(const char *text, uint8_t **der, size_t *len, char *error);
/* Exactly one name with one attribute or more, and nothing behind it. */
bool dn_valid(const uint8_t *der, size_t len);
/* Into text of room bytes, cut off with "..." if it does not fit. */
void dn_print(const uint8_t *der, size_t len, char *text, size_t room);
/* RFC 5280, 7.1: case and repeated spaces of strings do not count, nor does the string type. */
bool dn_equal(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);
/* A value of the name is "*". */
bool dn_has_wildcard(const uint8_t *der, size_t len);
/* The same attributes in the same order, with equal values but where the pattern has "*". Returns how many are wild, or -1: no match. */
int dn_match(const uint8_t *der, size_t len, const uint8_t *pattern, size_t pattern_len);

#endif
