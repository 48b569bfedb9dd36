/* SPDX-License-Identifier: Apache-2.0 */
#include "core/handshake.h"
#include "core/credentials.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

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
	dh_free(hs->dh);
	blob_clear(&hs->sent);
	blob_clear(&hs->received);
	blob_clear(&hs->request);
	OPENSSL_cleanse(hs, sizeof(*hs));
	free(hs);
	sa->handshake = NULL;
}
