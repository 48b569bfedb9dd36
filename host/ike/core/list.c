/* SPDX-License-Identifier: Apache-2.0 */
/* What a user sees: SAs as they are. */
#include "core/child_sink.h"
#include "core/reqid.h"

static const char *ike_state(const struct ike_sa *sa)
{
	switch (sa->state) {
	case IKE_CONNECTING:
		return "CONNECTING";
	case IKE_ESTABLISHED:
		return sa->rekeying ? "REKEYING" : "ESTABLISHED";
	case IKE_REKEYED:
		return "REKEYED";
	default:
		return "DELETING";
	}
}

static const char *child_state(const struct child_sa *child)
{
	switch (child->state) {
	case CHILD_INSTALLED:
		return "INSTALLED";
	case CHILD_REKEYING:
		return "REKEYING";
	case CHILD_DELETING:
		return "DELETING";
	default:
		return "REKEYED";
	}
}

static void show_ike(const struct ike_sa *sa, const struct agent_visitor *visitor)
{
	char suite[SUITE_TEXT_LEN] = "", local[IDENTITY_TEXT_LEN], remote[IDENTITY_TEXT_LEN];
	struct agent_ike_info info = { .name = sa->conn->name, .state = ike_state(sa), .proposal = suite, .id = sa->id, .initiator = sa->initiator,
		.nat_local = sa->nat_local, .nat_remote = sa->nat_remote, .local = sa->local, .remote = sa->remote, .spi_i = sa->spi_i,
		.spi_r = sa->spi_r };

	info.local_id = identity_print(&sa->local_id, local);
	info.remote_id = identity_print(&sa->remote_id, remote);
	if (sa->state != IKE_CONNECTING) {
		suite_print(&sa->suite, suite);
		info.age_s = sa->established_ms ? (ike_now(sa) - sa->established_ms) / 1000 : 0; /* one that lost a collision never was */
	}
	visitor->ike(visitor->ctx, &info);
}

static void show_child(struct child_sa *child, const struct agent_visitor *visitor)
{
	char suite[SUITE_TEXT_LEN];
	struct agent_child_info info = { .name = child->child->name, .state = child_state(child), .proposal = suite_print(&child->suite, suite),
		.id = child->id, .reqid = child->reqid->id, .spi_in = child->spi_in, .spi_out = child->spi_out,
		.transport = child->mode == SINK_TRANSPORT, .esn = child->esn, .udp_encap = child->udp_encap, .local_ts = child->local,
		.remote_ts = child->remote, .local_ts_count = child->local_count, .remote_ts_count = child->remote_count,
		.age_s = (ike_now(child->ike) - child->installed_ms) / 1000 };

	child_stats(child, &info.in, &info.out);
	visitor->child(visitor->ctx, &info);
}

/* Those that linger for a last retransmission are gone, those that a rekeying prepares are not there yet. */
static bool is_shown(const struct ike_sa *sa)
{
	return sa->state != IKE_CLOSED && (sa->state != IKE_CONNECTING || sa->handshake);
}

uint32_t agent_list(struct agent *agent, const struct agent_visitor *visitor, uint32_t below)
{
	for (struct ike_sa *sa = agent->sas; sa; sa = sa->next) { /* by falling id */
		if (!is_shown(sa) || (below && sa->id >= below))
			continue;
		show_ike(sa, visitor);
		for (struct child_sa *child = sa->children; child; child = child->next)
			show_child(child, visitor);
		if (visitor->enough && visitor->enough(visitor->ctx))
			return sa->id;
	}
	return 0;
}
