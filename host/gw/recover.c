/* SPDX-License-Identifier: Apache-2.0 */
/* The card comes and goes. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gw.h"

#define WAIT_FIRST_MS 500u
#define WAIT_MAX_MS 10000u
#define CHECK_MS 1000u

int gw_open_device(struct gw *gw, char *error)
{
	int ret = device_open(&gw->device, gw->options->device, error);

	if (ret)
		return ret;
	gw_watch_queues(gw, true);
	gw->device_check_ms = gw->now_ms + CHECK_MS;
	gw->mtu_stale = true;
	gw_log(GW_INFO, "card %s: %u SAs a direction", gw->options->device, gw->device.info.sa_capacity);
	return 0;
}

void gw_close_device(struct gw *gw)
{
	if (!gw->device.dev)
		return;
	gw_watch_queues(gw, false);
	device_close(&gw->device);
}

/* What the slots and SAs held is gone with the card. */
static void forget_sas(struct gw *gw)
{
	for (unsigned int i = 0; i < gw->spd.count; i++)
		gw->spd.order[i]->sa = NULL;
	while (gw->sad.all) {
		mtu_forget(gw, gw->sad.all);
		sad_remove(&gw->sad, gw->sad.all);
	}
}

void gw_device_lost(struct gw *gw, const char *why)
{
	struct sink_event event = { .kind = SINK_EVENT_DOWN };

	gw_log(GW_ERROR, "the card is lost: %s", why);
	snprintf(event.text, sizeof(event.text), "%.*s", (int)sizeof(event.text) - 1, why);
	gw->counters.device_losses++;
	wire_flush(&gw->wire);
	gw_close_device(gw);
	forget_sas(gw);
	gw->device_wait_ms = WAIT_FIRST_MS;
	gw->device_try_ms = gw->now_ms + gw->device_wait_ms;
	gw_event(gw, &event);
}

static void try_again(struct gw *gw)
{
	struct sink_event event = { .kind = SINK_EVENT_UP };
	char error[ESPALIER_ERROR_LEN];

	if (gw_open_device(gw, error)) {
		gw->device_wait_ms = 2 * gw->device_wait_ms < WAIT_MAX_MS ? 2 * gw->device_wait_ms : WAIT_MAX_MS;
		gw->device_try_ms = gw_clock_ms() + gw->device_wait_ms;
		gw_log(GW_INFO, "the card is not back yet: %s", error);
		return;
	}
	gw_event(gw, &event);
}

/* A card that dies while nothing moves shows only when it is asked. */
void gw_check_device(struct gw *gw)
{
	uint64_t cycles;

	if (!gw->device.dev) {
		if (gw->now_ms >= gw->device_try_ms)
			try_again(gw);
	} else if (gw->now_ms >= gw->device_check_ms) {
		gw->device_check_ms = gw->now_ms + CHECK_MS;
		if (espalier_cycles(gw->device.dev, &cycles))
			gw_device_lost(gw, espalier_error(gw->device.dev));
	}
}
