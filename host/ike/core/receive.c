/* SPDX-License-Identifier: Apache-2.0 */
/* A datagram is read once, and goes to the IKE SA of its SPIs, or to who begins one. */
#include "core/dispatch.h"
#include "core/init_respond.h"
#include "core/unprotected.h"

#include <errno.h>

static struct ike_sa *find_sa(struct agent *agent, const struct ike_header *header)
{
	/* The sender's flag says whose SPI is ours. Of IKE_SA_INIT's response the peer's SPI is news. */
	bool ours_is_r = header->flags & IKE_FLAG_INITIATOR;
	struct hash_node *node = hash_find(&agent->by_spi, ours_is_r ? header->spi_r : header->spi_i);
	struct ike_sa *sa = node ? hash_entry(node, struct ike_sa, by_spi) : NULL;

	if (!sa || sa->initiator == ours_is_r)
		return NULL;
	if (header->exchange == IKE_SA_INIT)
		return header->flags & IKE_FLAG_RESPONSE && sa->initiator ? sa : NULL;
	return sa->spi_i == header->spi_i && sa->spi_r == header->spi_r ? sa : NULL;
}

static bool is_init_request(const struct ike_header *header)
{
	return header->exchange == IKE_SA_INIT && !(header->flags & IKE_FLAG_RESPONSE) && header->flags & IKE_FLAG_INITIATOR &&
	       header->spi_i && !header->spi_r && !header->message_id;
}

static void unknown_sa(struct agent *agent, const struct ike_header *header, const struct endpoint *local, const struct endpoint *remote)
{
	agent->stats.unknown_spi++;
	if (!(header->flags & IKE_FLAG_RESPONSE) && header->exchange != IKE_SA_INIT)
		answer_unprotected(agent, header, local, remote, IKE_N_INVALID_IKE_SPI, NULL, 0, true);
}

void agent_receive(struct agent *agent, const struct endpoint *local, const struct endpoint *remote, const uint8_t *data, size_t len)
{
	struct ike_message m;
	struct ike_sa *sa;
	const char *why;
	int err;

	agent->stats.received++;
	m.data = data;
	m.len = len;
	m.header = (struct ike_header){ 0 };
	err = ike_message_parse(data, len, &m.header, &m.chain, &why);
	if (err == -EPROTONOSUPPORT && !(m.header.flags & IKE_FLAG_RESPONSE))
		answer_unprotected(agent, &m.header, local, remote, IKE_N_INVALID_MAJOR_VERSION, NULL, 0, true);
	if (err) {
		agent->stats.malformed++;
		if (is_init_request(&m.header))
			init_malformed(agent, remote, why);
		return;
	}
	if (is_init_request(&m.header)) {
		init_request(agent, &m, local, remote);
		return;
	}
	sa = find_sa(agent, &m.header);
	if (sa)
		dispatch_message(sa, &m, local, remote);
	else
		unknown_sa(agent, &m.header, local, remote);
}
