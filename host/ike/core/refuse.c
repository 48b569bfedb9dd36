/* SPDX-License-Identifier: Apache-2.0 */
#include "core/refuse.h"

int refuse_with(struct ike_sa *sa, struct ike_builder *reply, uint16_t notify)
{
	ike_log(sa, AGENT_INFO, "request answered with %s", ike_name(IKE_NAMES_NOTIFY, notify));
	ike_build_notify(reply, notify, NULL, 0);
	return 0;
}

int refuse_malformed(struct ike_sa *sa, struct ike_builder *reply)
{
	sa->close_after_reply = true;
	sa->cause = CLOSE_FAILED;
	sa->agent->stats.malformed++;
	return refuse_with(sa, reply, IKE_N_INVALID_SYNTAX);
}
