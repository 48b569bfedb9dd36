/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identities (RFC 7296, 3.5; RFC 4945): from swanctl.conf's text and from ID payloads, compared exactly, matched against patterns, bound to
 * certificates.
 *
 * Text, as strongSwan reads it: "192.0.2.1", "2001:db8::1", "gw.example.org", "@gw.example.org", "user@example.org", "C=CH, O=x, CN=y",
 * "@#0a1b" (key id in hex), "@@user@example.org" (e-mail), "%any" or ""; prefixes ipv4: ipv6: fqdn: dns: email: rfc822: userfqdn: asn1dn: keyid:
 * override the guess.
 * asn1dn:#HEX is a DN as DER. Patterns: "%any", "*.example.org", "*@example.org", a DN with values "*", an IP prefix or range.
 */
#ifndef ESPALIER_IKE_IDENTITY_H
#define ESPALIER_IKE_IDENTITY_H

#include <stdbool.h>

#include "crypto/fail.h"

#define IDENTITY_MAX 2048u	/* bytes of an ID payload's data that are accepted */
#define IDENTITY_TEXT_LEN 512u	/* identity as text with its NUL; longer ones end in "..." */

struct cert;

/* type: ID_ANY or that of the ID payload (1, 2, 3, 5, 9, 11); IDENTITY_RANGE is for patterns only. data is owned: identity_clear. {0} is %any. */
#define IDENTITY_ANY 0u
#define IDENTITY_RANGE 201u /* two addresses of one family, first and last */
struct identity {
	uint8_t type;
	uint16_t len;
	uint8_t *data;
};

/* 0, -EINVAL (with a sentence) or -ENOMEM. Fills *id, whatever was in it; on failure it is %any. */
int identity_parse(const char *text, struct identity *id, char *error);
/* From the type and Identification Data of an ID payload. -EINVAL: length or form wrong for its type, embedded NUL, or unknown type. */
int identity_from_payload(uint8_t type, const uint8_t *data, size_t len, struct identity *id);
int identity_copy(const struct identity *from, struct identity *to);
void identity_clear(struct identity *id);

/* Into text (IDENTITY_TEXT_LEN bytes), nothing unprintable in it; returns text. */
const char *identity_print(const struct identity *id, char *text);

bool identity_is_any(const struct identity *id);
/* An identity that may stand in an ID payload: not %any, no pattern. */
bool identity_is_single(const struct identity *id);
/* Of one type and the same: names without regard to ASCII case (of an e-mail address its domain), DNs by RFC 5280, 7.1. */
bool identity_equal(const struct identity *a, const struct identity *b);
/*
 * How well a single identity fits a pattern: 0 not at all, IDENTITY_MATCH_ANY for "%any", more the less is wild, IDENTITY_MATCH_EXACT.
 * A "*" stands for one or more whole leading labels of a name, for the whole local part of an address, for the whole value of an attribute.
 */
#define IDENTITY_MATCH_ANY 1
#define IDENTITY_MATCH_EXACT 100
int identity_match(const struct identity *id, const struct identity *pattern);

/*
 * The certificate speaks for this identity: a DN by its subject; a name, e-mail or IP address by a subjectAltName of that kind; a key id by the
 * subject key identifier or the SHA-1 of the public key. Exact: a wildcard in a certificate is no match, nor is a common name.
 */
bool identity_in_cert(const struct identity *id, const struct cert *cert);
/* The subject's DN of a certificate as identity: the default of local.id. -ENOENT: empty subject. */
int identity_from_cert(const struct cert *cert, struct identity *id);

#endif
