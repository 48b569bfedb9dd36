/* SPDX-License-Identifier: Apache-2.0 */
/* The card comes and goes. It is closed and opened again by another thread (keeper.h), so that the rest of the gateway does not wait. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "poll.h"
#include "recover.h"

#define WAIT_FIRST_MS 500u
#define WAIT_MAX_MS 10000u
#define CHECK_MS 1000u

static void card_is_there(struct gw *gw)
{
	poll_watch_device(gw, true);
	gw->device_check_ms = gw->now_ms + CHECK_MS;
	gw_log(GW_INFO, "card %s: %u SAs a direction", gw->options->device, gw->device.info.sa_capacity);
}

int gw_open_device(struct gw *gw, char *error)
{
	int ret = device_open(&gw->device, gw->options->device, error);

	if (!ret)
		card_is_there(gw);
	return ret;
}

void gw_close_device(struct gw *gw)
{
	if (gw->device.dev) {
		poll_watch_device(gw, false);
		device_close(&gw->device);
	}
	keeper_stop(gw->keeper);
	gw->keeper = NULL;
}

/* To the keeper, or closed here if there can be none. */
static void give_away(struct gw *gw)
{
	poll_watch_device(gw, false);
	if (!gw->keeper && !keeper_start(gw->options->device, &gw->keeper))
		poll_add_keeper(gw);
	if (gw->keeper)
		keeper_close(gw->keeper, &gw->device);
	else
		device_close(&gw->device);
	gw->device.dev = NULL;
}

/* What the slots and SAs held is gone with the card. */
static void forget_sas(struct gw *gw)
{
	for (unsigned int i = 0; i < gw->spd.count; i++)
		gw->spd.order[i]->sa = NULL;
	while (gw->sad.all) {
		gw_tell(gw, &(struct gw_event){ .kind = GW_SA_GONE, .sa = gw->sad.all });
		sad_remove(&gw->sad, gw->sad.all);
	}
	while (gw->sad.dying)
		sad_remove(&gw->sad, gw->sad.dying);
	gw->last_of = NULL;
}

void gw_device_lost(struct gw *gw, const struct gw_event *event)
{
	struct sink_event down = { .kind = SINK_EVENT_DOWN };

	gw_log(GW_ERROR, "the card is lost: %s", event->why);
	snprintf(down.text, sizeof(down.text), "%.*s", (int)sizeof(down.text) - 1, event->why);
	gw->counters.device_losses++;
	for (unsigned int i = 0; i < 2; i++)
		gw->counters.status[i][ESPALIER_STATUS_DEVICE_LOST] += pipe_in_flight(&gw->device.pipes[i]);
	wire_flush(&gw->wire);
	give_away(gw);
	forget_sas(gw);
	gw->device_wait_ms = WAIT_FIRST_MS;
	gw->device_try_ms = gw->now_ms + gw->device_wait_ms;
	gw_tell_agent(gw, &down);
	gw->removal_ret = -ENODEV; /* of who waits for SAs to go: gw_bury says it */
}

void gw_device_opened(struct gw *gw)
{
	struct sink_event event = { .kind = SINK_EVENT_UP };
	char error[ESPALIER_ERROR_LEN];
	int ret;

	if (!keeper_take(gw->keeper, &gw->device, &ret, error))
		return;
	if (ret) {
		gw->device_wait_ms = 2 * gw->device_wait_ms < WAIT_MAX_MS ? 2 * gw->device_wait_ms : WAIT_MAX_MS;
		gw->device_try_ms = gw_clock_ms() + gw->device_wait_ms;
		gw_log(GW_INFO, "the card is not back yet: %s", error);
		return;
	}
	card_is_there(gw);
	gw_tell_agent(gw, &event);
}

static void try_again(struct gw *gw)
{
	gw->device_try_ms = UINT64_MAX; /* until this try has ended */
	if (!gw->keeper && !keeper_start(gw->options->device, &gw->keeper))
		poll_add_keeper(gw);
	if (gw->keeper)
		keeper_open(gw->keeper);
	else
		gw->device_try_ms = gw->now_ms + gw->device_wait_ms;
}

/* What dies while nothing moves shows only when it is asked; what does not complete its packets, by the age of the oldest. */
void gw_check_device(struct gw *gw)
{
	bool due = gw->now_ms >= gw->device_check_ms;

	if (!gw->device.dev && gw->now_ms >= gw->device_try_ms)
		try_again(gw);
	for (unsigned int i = 0; i < 2 && gw->device.dev; i++)
		if ((due || pipe_in_flight(&gw->device.pipes[i])) && espalier_queue_check(gw->device.pipes[i].queue))
			gw_card_lost(gw, espalier_error(gw->device.dev));
	if (due)
		gw->device_check_ms = gw->now_ms + CHECK_MS;
}
