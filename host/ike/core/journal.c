/* SPDX-License-Identifier: Apache-2.0 */
/* Lines in the log about what happened to SAs. */
#include "core/journal.h"
#include "core/sa.h"

#include <stddef.h>

void journal_authenticated(struct agent *agent, const struct event *event)
{
	const struct ike_sa *sa = event->ike;
	char local[IP_TEXT_LEN], remote[IP_TEXT_LEN], local_id[IDENTITY_TEXT_LEN], remote_id[IDENTITY_TEXT_LEN];

	(void)agent;
	ike_log(sa, AGENT_INFO, "IKE_SA %s established between %s[%.200s]...%s[%.200s]", sa->label, ip_print(&sa->local.ip, local),
		identity_print(&sa->local_id, local_id), ip_print(&sa->remote.ip, remote), identity_print(&sa->remote_id, remote_id));
}

void journal_ike_ends(struct agent *agent, const struct event *event)
{
	(void)agent;
	if (event->text)
		ike_log(event->ike, event->cause == CLOSE_FAILED ? AGENT_ERROR : AGENT_INFO, "IKE_SA %s closed: %s", event->ike->label, event->text);
}

void journal_ike_replaced(struct agent *agent, const struct event *event)
{
	(void)agent;
	ike_log(event->ike, AGENT_INFO, "IKE_SA rekeyed, now %s", event->successor->label);
}

void journal_ike_moved(struct agent *agent, const struct event *event)
{
	char from[ENDPOINT_TEXT_LEN], to[ENDPOINT_TEXT_LEN];

	(void)agent;
	ike_log(event->ike, AGENT_INFO, "the peer moved from %s to %s", endpoint_print(event->from, from), endpoint_print(&event->ike->remote, to));
}

void journal_child_made(struct agent *agent, const struct event *event)
{
	const struct child_sa *child = event->child;
	char local[TS_TEXT_LEN], remote[TS_TEXT_LEN], suite[SUITE_TEXT_LEN];

	(void)agent;
	ike_log(child->ike, AGENT_INFO, "CHILD_SA %s{%u} established, SPIs 0x%08x in, 0x%08x out, %s === %s, %s%s", child->child->name, child->id,
		child->spi_in, child->spi_out, ts_print(&child->local[0], local), ts_print(&child->remote[0], remote),
		suite_print(&child->suite, suite), child->mode == SINK_TRANSPORT ? ", transport mode" : "");
}
