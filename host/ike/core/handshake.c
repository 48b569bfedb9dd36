/* SPDX-License-Identifier: Apache-2.0 */
#include "core/handshake.h"
#include "core/child_sa.h"
#include "core/credentials.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

int blob_set(struct blob *blob, const void *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		return -ENOMEM;
	if (len)
		memcpy(copy, data, len);
	free(blob->data);
	blob->data = copy;
	blob->len = len;
	return 0;
}

void blob_clear(struct blob *blob)
{
	free(blob->data);
	*blob = (struct blob){ 0 };
}

int handshake_begin(struct ike_sa *sa)
{
	sa->handshake = calloc(1, sizeof(*sa->handshake));
	sa->nonces = calloc(1, sizeof(*sa->nonces));
	if (!sa->handshake || !sa->nonces)
		return -ENOMEM;
	sa->credentials = credentials_ref(sa->agent->credentials);
	return 0;
}

void handshake_end(struct ike_sa *sa)
{
	struct handshake *hs = sa->handshake;

	credentials_free(sa->credentials);
	sa->credentials = NULL;
	free(sa->nonces);
	sa->nonces = NULL;
	if (!hs)
		return;
	half_open_remove(sa);
	child_negotiation_free(hs->negotiation);
	dh_free(hs->dh);
	blob_clear(&hs->sent);
	blob_clear(&hs->received);
	blob_clear(&hs->request);
	OPENSSL_cleanse(hs, sizeof(*hs));
	free(hs);
	sa->handshake = NULL;
}
