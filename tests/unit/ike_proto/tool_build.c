/* SPDX-License-Identifier: Apache-2.0 */
/* One message with each kind of payload, as the builder makes it; test_tshark.py has the values in it a second time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/build.h"
#include "tool.h"

static uint8_t buffer[8192];

static void begin(struct ike_builder *b, uint8_t exchange, uint8_t flags, uint32_t message_id)
{
	struct ike_header header = { .spi_i = 0x0102030405060708, .spi_r = exchange == IKE_SA_INIT ? 0 : 0xf1f2f3f4f5f6f7f8,
				     .exchange = exchange, .flags = flags, .message_id = message_id };

	ike_build_fixed(b, buffer, sizeof(buffer));
	ike_build_header(b, &header);
}

static void end(struct ike_builder *b)
{
	size_t i;

	if (ike_build_end(b))
		exit(1);
	for (i = 0; i < b->len; i++)
		printf("%02x", b->data[i]);
	printf("\n");
}

/* n bytes that count up from start */
static const uint8_t *bytes(uint8_t start, size_t n)
{
	static uint8_t data[512];
	size_t i;

	for (i = 0; i < n; i++)
		data[i] = (uint8_t)(start + i);
	return data;
}

static void proposals(const char *text, uint8_t protocol, uint8_t spi_len, uint64_t spi, struct proposals *list)
{
	char error[PROPOSAL_ERROR_LEN];
	unsigned int i;

	list->count = 0;
	if (proposals_parse(protocol, text, list, error))
		exit(1);
	for (i = 0; i < list->count; i++) {
		list->list[i].spi_len = spi_len;
		list->list[i].spi = spi;
	}
}

static void init(struct proposals *list)
{
	struct ike_builder b;

	begin(&b, IKE_SA_INIT, IKE_FLAG_INITIATOR, 0);
	ike_build_notify(&b, IKE_N_COOKIE, bytes(0x30, 20), 20);
	proposals("aes256gcm16-aes128gcm16-prfsha384-x25519-ecp256, aes192-sha512-modp2048", IKE_PROTO_IKE, 0, 0, list);
	ike_build_sa(&b, list, 0);
	ike_build_ke(&b, IKE_KE_CURVE_25519, bytes(0x40, 32), 32);
	ike_build_nonce(&b, bytes(0x80, 256), 256);
	ike_build_notify(&b, IKE_N_SIGNATURE_HASH_ALGORITHMS, "\0\2\0\3\0\4\0\5", 8);
	ike_build_vendor(&b, "espalier", 8);
	end(&b);
}

static void auth(struct proposals *list)
{
	static const uint8_t ecdsa_sha256[] = { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 }; /* RFC 7427, A.3.2 */
	char hash_and_url[] = "....................http://x.example/";
	static const char *const left[] = { "10.1.0.0/16[tcp/80]", "10.9.0.1-10.9.0.3[icmp/8(0)]", "2001:db8::/33[udp/opaque]" };
	struct ike_builder b;
	struct ts ts[3];
	int i;

	for (i = 0; i < 3; i++)
		if (ts_parse(left[i], &ts[i]))
			exit(1);
	begin(&b, IKE_AUTH, IKE_FLAG_INITIATOR, 1);
	ike_build_id(&b, IKE_PL_IDI, IKE_ID_FQDN, (const uint8_t *)"a.example.org", 13);
	ike_build_id(&b, IKE_PL_IDR, IKE_ID_IPV4_ADDR, (const uint8_t *)"\300\0\2\2", 4);
	memcpy(hash_and_url, bytes(1, 20), 20);
	ike_build_cert(&b, IKE_CERT_HASH_AND_URL, (uint8_t *)hash_and_url, strlen(hash_and_url));
	ike_build_certreq(&b, IKE_CERT_X509_SIGNATURE, bytes(0x10, 40), 40);
	ike_build_auth(&b, IKE_AUTH_SHARED_KEY, bytes(0x20, 32), 32);
	ike_build_signature(&b, ecdsa_sha256, sizeof(ecdsa_sha256), bytes(0x50, 64), 64);
	proposals("aes128gcm16-chacha20poly1305-ecp384-esn-noesn,aes256-sha256", IKE_PROTO_ESP, 4, 0xc0ffee01, list);
	ike_build_sa(&b, list, PROPOSAL_IGNORE_KE);
	ike_build_ts(&b, IKE_PL_TSI, ts, 2);
	ike_build_ts(&b, IKE_PL_TSR, ts, 3);
	ike_build_payload(&b, 200, true); /* a kind that nobody knows */
	ike_build_bytes(&b, bytes(0, 5), 5);
	end(&b);
}

static void rest(struct proposals *list)
{
	static const uint32_t spis[] = { 0x11223344, 0x55667788, 0x99aabbcc };
	struct ike_builder b;

	begin(&b, IKE_CREATE_CHILD_SA, IKE_FLAG_RESPONSE, 0x01020304);
	ike_build_notify_spi(&b, IKE_N_REKEY_SA, IKE_PROTO_ESP, 0xdeadbeef, NULL, 0);
	ike_build_notify_spi(&b, IKE_N_CHILD_SA_NOT_FOUND, IKE_PROTO_ESP, 0x01020304, bytes(7, 3), 3);
	proposals("aes256-sha384-prfsha512-ecp521", IKE_PROTO_IKE, 8, 0xa1a2a3a4a5a6a7a8, list);
	list->list[0].number = 2;
	ike_build_sa_answer(&b, &list->list[0]);
	end(&b);

	begin(&b, IKE_INFORMATIONAL, IKE_FLAG_INITIATOR | IKE_FLAG_RESPONSE | IKE_FLAG_VERSION, 0xffffffff);
	ike_build_delete(&b, IKE_PROTO_ESP, spis, 3);
	ike_build_delete_ike(&b);
	end(&b);

	begin(&b, IKE_INFORMATIONAL, IKE_FLAG_INITIATOR, 2); /* nothing in it */
	end(&b);
}

void build_messages(void)
{
	static struct proposals list;

	init(&list);
	auth(&list);
	rest(&list);
}
