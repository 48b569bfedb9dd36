/* SPDX-License-Identifier: Apache-2.0 */
#include "actions.h"

const char *const action_names[ACTION_COUNT] = { "rekey of the CHILD SA", "delete of the CHILD SA", "rekey of the IKE SA", "delete of the IKE SA",
	"reauthentication", "new CHILD SA" };

static void ignore(void *ctx, int error, const char *text)
{
	(void)ctx;
	(void)error;
	(void)text;
}

void act(struct node *n, enum action action)
{
	switch (action) {
	case CHILD_REKEY:
		agent_rekey(n->agent, "net", false, false, ignore, NULL);
		break;
	case CHILD_DOWN:
		agent_down(n->agent, "net", ignore, NULL);
		break;
	case IKE_REKEY:
		agent_rekey(n->agent, "gw", true, false, ignore, NULL);
		break;
	case IKE_DOWN:
		agent_down(n->agent, "gw", ignore, NULL);
		break;
	case REAUTH:
		agent_rekey(n->agent, "gw", false, true, ignore, NULL);
		break;
	default:
		agent_up(n->agent, "two", 0, ignore, NULL);
		break;
	}
	node_poke(n);
}
