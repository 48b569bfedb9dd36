/* SPDX-License-Identifier: Apache-2.0 */
/* espalier ike check: what espalier-ike would say to a configuration. */
#include "ike_command.h"

#include <stdlib.h>

#include "ike/core/agent.h"

/* Of a gateway with a card as this project's are. */
static const struct sink_caps usual = {
	.aeads = 1u << SINK_AES_GCM_16_128 | 1u << SINK_AES_GCM_16_192 | 1u << SINK_AES_GCM_16_256,
	.esn = true, .no_esn = true, .tunnel = true, .inner_v4 = true, .outer_v4 = true, .outer_v6 = true, .udp_encap = true, .raw_esp = true,
	.max_window = 128,
};

static void print(void *ctx, enum agent_log level, const char *sa, const char *text)
{
	(void)sa;
	if (level != AGENT_DEBUG)
		fprintf(ctx, "%s\n", text);
}

int ike_check(const char *path)
{
	char error[AGENT_ERROR_LEN];
	int remarks = agent_check(path, &usual, print, stderr, error);

	if (remarks < 0) {
		fprintf(stderr, "espalier: %s\n", error);
		return EXIT_FAILURE;
	}
	if (remarks)
		printf("%s: loads, with %d remark%s\n", path, remarks, remarks == 1 ? "" : "s");
	else
		printf("%s: good\n", path);
	return EXIT_SUCCESS;
}
