/* SPDX-License-Identifier: Apache-2.0 */
#include "core/state.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

void agent_default_settings(struct agent_settings *settings)
{
	*settings = (struct agent_settings){
		.retransmit_ms = 4000, .retransmit_percent = 180, .retransmit_tries = 5, .half_open_ms = 30000, .half_open_max = 10000,
		.cookie_threshold = 30, .block_threshold = 5, .fragment_size = 1280, .keepalive_ms = 20000, .children_max = 256, .peer_share = 75, .retire_ms = 5000,
		.retry_ms = 5000,
		.start_blocks = 1,
	};
}

void agent_log(const struct agent *agent, enum agent_log level, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	agent->env.log(agent->env.ctx, level, "", text);
}

int agent_random(struct agent *agent, void *out, size_t len)
{
	return agent->env.random(agent->env.ctx, out, len) ? -EIO : 0;
}

uint64_t agent_jitter(struct agent *agent, uint64_t value, uint64_t rand)
{
	uint64_t r, most = rand < value ? rand : value;

	return most && !agent_random(agent, &r, sizeof(r)) ? value - r % (most + 1) : value;
}
