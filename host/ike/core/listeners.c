/* SPDX-License-Identifier: Apache-2.0 */
/* Who listens to what, in the order in which they hear of it. */
#include "core/listeners.h"
#include "core/acquire.h"
#include "core/again.h"
#include "core/commands.h"
#include "core/create_child.h"
#include "core/due.h"
#include "core/follow.h"
#include "core/ike_life.h"
#include "core/ike_rekey.h"
#include "core/ike_sa.h"
#include "core/journal.h"
#include "core/reauth.h"
#include "core/trap.h"
#include "core/up.h"

const event_table agent_listeners = {
	[EVENT_IKE_AUTHENTICATED] = { journal_authenticated },
	/* By which configuration it lives comes first. */
	[EVENT_IKE_ESTABLISHED] = { follow_established, ike_life_established, up_ike_established, reauth_ike_established },
	[EVENT_IKE_REFUSED] = { up_ike_refused },
	[EVENT_IKE_UNANSWERED] = { ike_sa_unanswered },
	[EVENT_IKE_REKEY_DUE] = { due_ike_rekey },
	[EVENT_IKE_REAUTH_DUE] = { due_ike_reauth },
	[EVENT_IKE_REPLACED] = { journal_ike_replaced, up_ike_replaced, reauth_ike_replaced },
	[EVENT_IKE_REKEYED] = { command_ike_rekeyed },
	[EVENT_IKE_MOVED] = { journal_ike_moved },
	[EVENT_IKE_ENDS] = { journal_ike_ends, again_ike_ends },
	[EVENT_IKE_GONE] = { ike_rekey_ike_gone, reauth_ike_gone, create_child_ike_gone, up_ike_gone, command_ike_gone },
	[EVENT_REKEY_REFUSED] = { reauth_rekey_refused },
	[EVENT_CHILD_MADE] = { journal_child_made },
	[EVENT_CHILD_ASKED] = { up_child_asked, acquire_child_asked },
	[EVENT_CHILD_REKEY_DUE] = { due_child_rekey },
	[EVENT_CHILD_EXPIRES] = { due_child_expires },
	[EVENT_CHILD_REKEYED] = { command_child_rekeyed },
	[EVENT_CHILD_ENDS] = { trap_child_ends },
	[EVENT_CHILD_GONE] = { command_child_gone },
	[EVENT_RETRY_DUE] = { up_retry },
};
