/* SPDX-License-Identifier: Apache-2.0 */
/* Contents of the payloads but SA and TS (RFC 7296, 3.4 to 3.11). */
#include <errno.h>
#include <string.h>

#include "proto/bytes.h"
#include "proto/message.h"

#define SPI_LEN 4u
#define CA_HASH_LEN 20u

static int bad(const char **why, const char *text)
{
	*why = text;
	return -EBADMSG;
}

int ike_decode_ke(const struct ike_payload *payload, struct ike_ke *ke, const char **why)
{
	if (payload->len <= 4)
		return bad(why, "a KE payload has no key exchange data");
	ke->method = be16_get(payload->body);
	ke->data = payload->body + 4;
	ke->len = payload->len - 4;
	return 0;
}

int ike_decode_id(const struct ike_payload *payload, struct ike_id *id, const char **why)
{
	if (payload->len < 4)
		return bad(why, "an ID payload is too short");
	id->type = payload->body[0];
	id->data = payload->body + 4;
	id->len = payload->len - 4;
	if ((id->type == IKE_ID_IPV4_ADDR && id->len != 4) || (id->type == IKE_ID_IPV6_ADDR && id->len != 16))
		return bad(why, "an ID payload's address has the wrong length");
	if (!id->len)
		return bad(why, "an ID payload is empty");
	if ((id->type == IKE_ID_FQDN || id->type == IKE_ID_RFC822_ADDR) && memchr(id->data, 0, id->len))
		return bad(why, "an ID payload's name has a NUL in it");
	return 0;
}

int ike_decode_cert(const struct ike_payload *payload, struct ike_cert *cert, const char **why)
{
	if (payload->len < 2)
		return bad(why, "a CERT payload has no certificate");
	cert->encoding = payload->body[0];
	cert->data = payload->body + 1;
	cert->len = payload->len - 1;
	return 0;
}

int ike_decode_certreq(const struct ike_payload *payload, struct ike_cert *request, const char **why)
{
	if (payload->len < 1)
		return bad(why, "a CERTREQ payload is too short");
	request->encoding = payload->body[0];
	request->data = payload->body + 1;
	request->len = payload->len - 1;
	if (request->encoding == IKE_CERT_X509_SIGNATURE && request->len % CA_HASH_LEN)
		return bad(why, "a CERTREQ payload's hashes are no multiple of 20 bytes");
	return 0;
}

int ike_decode_auth(const struct ike_payload *payload, struct ike_auth *auth, const char **why)
{
	size_t algorithm_len;

	if (payload->len <= 4)
		return bad(why, "an AUTH payload has no data");
	*auth = (struct ike_auth){ .method = payload->body[0], .data = payload->body + 4, .len = payload->len - 4 };
	if (auth->method != IKE_AUTH_DIGITAL_SIGNATURE)
		return 0;
	algorithm_len = auth->data[0];
	if (!algorithm_len || auth->len <= 1 + algorithm_len)
		return bad(why, "an AUTH payload's algorithm identifier leaves no room for the signature");
	auth->algorithm = auth->data + 1;
	auth->algorithm_len = algorithm_len;
	auth->data += 1 + algorithm_len;
	auth->len -= 1 + algorithm_len;
	return 0;
}

int ike_decode_nonce(const struct ike_payload *payload, const char **why)
{
	if (payload->len < IKE_NONCE_MIN || payload->len > IKE_NONCE_MAX)
		return bad(why, "a nonce has less than 16 or more than 256 bytes");
	return 0;
}

int ike_decode_notify(const struct ike_payload *payload, struct ike_notify *notify, const char **why)
{
	uint8_t spi_len;

	if (payload->len < 4)
		return bad(why, "a notify payload is too short");
	spi_len = payload->body[1];
	*notify = (struct ike_notify){ .type = be16_get(payload->body + 2) };
	if (spi_len) { /* without an SPI the protocol is to be ignored (3.10) */
		notify->protocol = payload->body[0];
		if (notify->protocol != IKE_PROTO_ESP && notify->protocol != IKE_PROTO_AH)
			return bad(why, "a notify payload has an SPI, but is not about ESP or AH");
		if (spi_len != SPI_LEN || payload->len < 4 + SPI_LEN)
			return bad(why, "a notify payload's SPI does not have 4 bytes");
		notify->has_spi = true;
		notify->spi = be32_get(payload->body + 4);
	}
	notify->data = payload->body + 4 + spi_len;
	notify->len = payload->len - 4 - spi_len;
	return 0;
}

bool ike_chain_notify(const struct ike_chain *chain, uint16_t type, struct ike_notify *notify)
{
	const struct ike_payload *payload = NULL;
	const char *why;

	while ((payload = ike_chain_next(chain, IKE_PL_NOTIFY, payload)) != NULL)
		if (!ike_decode_notify(payload, notify, &why) && notify->type == type)
			return true;
	return false;
}

bool ike_chain_error(const struct ike_chain *chain, struct ike_notify *notify)
{
	const struct ike_payload *payload = NULL;
	const char *why;

	while ((payload = ike_chain_next(chain, IKE_PL_NOTIFY, payload)) != NULL)
		if (!ike_decode_notify(payload, notify, &why) && notify->type < IKE_N_STATUS)
			return true;
	return false;
}

int ike_decode_delete(const struct ike_payload *payload, struct ike_delete *del, const char **why)
{
	uint8_t spi_len;

	if (payload->len < 4)
		return bad(why, "a delete payload is too short");
	del->protocol = payload->body[0];
	spi_len = payload->body[1];
	del->count = be16_get(payload->body + 2);
	del->spis = payload->body + 4;
	if (del->protocol == IKE_PROTO_IKE)
		return spi_len || del->count || payload->len != 4 ? bad(why, "a delete payload for the IKE SA has SPIs") : 0;
	if (del->protocol != IKE_PROTO_ESP && del->protocol != IKE_PROTO_AH)
		return bad(why, "a delete payload is not about IKE, ESP or AH");
	if (spi_len != SPI_LEN)
		return bad(why, "a delete payload's SPIs do not have 4 bytes");
	if (payload->len - 4 != (size_t)del->count * SPI_LEN)
		return bad(why, "a delete payload's count of SPIs is not what it holds");
	return 0;
}

uint32_t ike_delete_spi(const struct ike_delete *del, unsigned int i)
{
	return be32_get(del->spis + (size_t)i * SPI_LEN);
}
