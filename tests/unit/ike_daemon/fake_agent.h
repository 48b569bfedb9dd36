/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Agent and gateway that the event loop's test puts in place of the real ones: they count what happens to them, in memory that the test shares
 * with the daemon's process.
 */
#ifndef ESPALIER_TEST_FAKE_AGENT_H
#define ESPALIER_TEST_FAKE_AGENT_H

#include <stdatomic.h>
#include <stdbool.h>

#define FAKE_TICK_MS 5

struct fake {
	/* Counted by the daemon's process. */
	atomic_uint configured, received, ticks, stops, forgotten, destroyed, esp_sockets, flushes;
	atomic_bool keylog;
	/* Set by the test. */
	atomic_bool stops_at_once; /* peers answer the last deletes */
	atomic_uint gateway_ups;   /* times that the gateway came back */
	atomic_bool no_gateway;
	atomic_uint slow;	   /* so many turns of the agent until its policies are set; it counts down */
};

extern struct fake *fake;

/* An empty one. */
void fake_open(void);
void fake_close(void);

#endif
