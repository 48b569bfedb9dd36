/* SPDX-License-Identifier: Apache-2.0 */
#include "core/unprotected.h"
#include "proto/build.h"

#define NOTIFY_MS 100u /* between two unprotected answers */

void answer_unprotected(struct agent *agent, const struct ike_header *header, const struct endpoint *local, const struct endpoint *remote,
			uint16_t type, const void *data, size_t len, bool limited)
{
	struct ike_header h = {
		.spi_i = header->spi_i, .spi_r = header->spi_r, .version = IKE_VERSION, .exchange = header->exchange, .message_id = header->message_id,
		.flags = (uint8_t)(IKE_FLAG_RESPONSE | (header->flags & IKE_FLAG_INITIATOR ? 0 : IKE_FLAG_INITIATOR)),
	};
	uint8_t buffer[256];
	struct ike_builder b;

	if (limited) {
		if (agent_now(agent) < agent->notify_allowed_ms)
			return;
		agent->notify_allowed_ms = agent_now(agent) + NOTIFY_MS;
	}
	ike_build_fixed(&b, buffer, sizeof(buffer));
	ike_build_header(&b, &h);
	ike_build_notify(&b, type, data, len);
	if (ike_build_end(&b))
		return;
	agent->stats.sent++;
	agent->env.send(agent->env.ctx, local, remote, b.data, b.len);
}
