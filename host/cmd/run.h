/* SPDX-License-Identifier: Apache-2.0 */
/* espalier encap and espalier decap: a capture's packets through a device, many in flight, results in order. */
#ifndef ESPALIER_RUN_H
#define ESPALIER_RUN_H

#include <signal.h>

#include "capture.h"
#include "espalier.h"
#include "states.h"

#define RUN_STATUSES 256 /* by status of an operation, ESPALIER_STATUS_DEVICE_LOST included */
#define RUN_VERDICTS (CAPTURE_NOT_IPV4 + 1)

struct run_counters {
	uint64_t packets_in, packets_out;
	uint64_t bytes_in, bytes_out; /* IP packets without link headers */
	uint64_t status[RUN_STATUSES]; /* results of the device; index 0 is packets_out */
	uint64_t verdict[RUN_VERDICTS]; /* dropped before the device: see enum capture_verdict */
	uint64_t no_state; /* encapsulation: no state's selector matches */
	uint64_t too_long; /* above the device's largest packet */
	uint64_t cycles; /* card's clock cycles during the run */
};

/* Sum of all drops. */
uint64_t run_dropped(const struct run_counters *counters);

struct run {
	struct espalier_dev *dev;
	struct espalier_info info;
	bool decap;
	struct states *states;
	bool update_states; /* bring seq or oseq of each up to date at the end */
	struct capture_in *in;
	struct capture_out *out;
	struct run_counters counters;
	const volatile sig_atomic_t *stop; /* set from outside to end early */
};

/*
 * Install the states and run the capture. 0, or a negative errno value with a sentence (ESPALIER_ERROR_LEN bytes). The SAs stay in the
 * device until it is closed. With update_states, also after an error the states' sequence numbers are safe to save: none that was used
 * on the wire comes again.
 */
int run_capture(struct run *run, char *error);

#endif
