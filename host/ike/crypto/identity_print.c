/* SPDX-License-Identifier: Apache-2.0 */
/* Identities as text, which identity_parse reads as the same again. */
#include "crypto/identity.h"

#include <stdio.h>
#include <string.h>

#include "crypto/dn.h"
#include "net/addr.h"
#include "proto/registry.h"

static void print_ip(const uint8_t *bytes, size_t len, char *text)
{
	struct ip_addr ip = { .family = len == 4 ? 4 : 6 };

	memcpy(ip.bytes, bytes, len);
	ip_print(&ip, text);
}

static void print_range(const struct identity *id, char *text)
{
	size_t half = id->len / 2u;

	print_ip(id->data, half, text);
	strcat(text, "-");
	print_ip(id->data + half, half, text + strlen(text));
}

static void print_key_id(const struct identity *id, char *text)
{
	static const char dots[] = "...";
	size_t at = (size_t)sprintf(text, "@#");

	for (size_t i = 0; i < id->len; i++) {
		if (at + 2 + sizeof(dots) > IDENTITY_TEXT_LEN) {
			memcpy(text + at, dots, sizeof(dots));
			return;
		}
		at += (size_t)sprintf(text + at, "%02x", id->data[i]);
	}
}

/* Names as they are, with a prefix if they would be read as something else. */
static void print_name(const struct identity *id, char *text)
{
	bool email = id->type == IKE_ID_RFC822_ADDR;
	struct identity back;
	int n = snprintf(text, IDENTITY_TEXT_LEN, "%.*s", id->len, (const char *)id->data);

	if (n < (int)IDENTITY_TEXT_LEN && identity_parse(text, &back, NULL) == 0) {
		bool same = identity_equal(&back, id);

		identity_clear(&back);
		if (same)
			return;
	}
	n = snprintf(text, IDENTITY_TEXT_LEN, "%s%.*s", email ? "email:" : "fqdn:", id->len, (const char *)id->data);
	if (n >= (int)IDENTITY_TEXT_LEN)
		memcpy(text + IDENTITY_TEXT_LEN - 4, "...", 4);
}

const char *identity_print(const struct identity *id, char *text)
{
	text[0] = '\0';
	switch (id->type) {
	case IDENTITY_ANY:
		strcpy(text, "%any");
		break;
	case IDENTITY_RANGE:
		print_range(id, text);
		break;
	case IKE_ID_IPV4_ADDR:
	case IKE_ID_IPV6_ADDR:
		print_ip(id->data, id->len, text);
		break;
	case IKE_ID_DER_ASN1_DN:
		dn_print(id->data, id->len, text, IDENTITY_TEXT_LEN);
		break;
	case IKE_ID_KEY_ID:
		print_key_id(id, text);
		break;
	default:
		print_name(id, text);
	}
	return text;
}
