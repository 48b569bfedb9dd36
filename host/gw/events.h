/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happened in the gateway, told upwards: who finds out does not know who acts on it. Calls go down; the one table of who hears of what is in run.c.
 */
#ifndef GW_EVENTS_H
#define GW_EVENTS_H

struct gw;
struct gw_policy;
struct gw_sa;

enum gw_event_kind {
	GW_CARD_LOST,	     /* why; afterwards there is no card and no SA */
	GW_SA_ADDED,	     /* sa: it can be used */
	GW_SA_MOVED,	     /* sa: its outer addresses are others */
	GW_SA_GONE,	     /* sa: about to be forgotten, or to die */
	GW_POLICY_SET,	     /* policy: new, or with other selectors or another SA */
	GW_POLICIES_CHANGED, /* some came, went or changed */
	GW_TUN_GONE,	     /* the TUN device cannot be read */
};

struct gw_event {
	enum gw_event_kind kind;
	struct gw_sa *sa;
	struct gw_policy *policy;
	const char *why;
};

/* One row of the table. Who hears of one kind hears in the order of the rows. */
struct gw_listener {
	enum gw_event_kind kind;
	void (*hear)(struct gw *gw, const struct gw_event *event);
};

void gw_tell(struct gw *gw, const struct gw_event *event);
/* GW_CARD_LOST. */
void gw_card_lost(struct gw *gw, const char *why);

#endif
