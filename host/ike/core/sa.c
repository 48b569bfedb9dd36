/* SPDX-License-Identifier: Apache-2.0 */
#include "core/sa.h"

#include <stdarg.h>
#include <stdio.h>

void ike_log(const struct ike_sa *sa, enum agent_log level, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	sa->agent->env.log(sa->agent->env.ctx, level, sa->label, text);
}

void ike_log_limits(const struct ike_sa *sa, const struct proposals *offered)
{
	char text[PROPOSALS_LIMITS_LEN];

	if (proposals_limits(offered, text))
		ike_log(sa, AGENT_INFO, "%s", text);
}

uint64_t ike_now(const struct ike_sa *sa)
{
	return agent_now(sa->agent);
}
