/* SPDX-License-Identifier: Apache-2.0 */
/* espalier encap and espalier decap: a capture's packets through a device, many in flight, results in order. */
#ifndef ESPALIER_RUN_H
#define ESPALIER_RUN_H

#include <signal.h>

#include "capture.h"
#include "espalier.h"
#include "policies.h"
#include "reserve.h"
#include "states.h"

#define RUN_STATUSES 256 /* by status of an operation, ESPALIER_STATUS_DEVICE_LOST included */
#define RUN_VERDICTS (CAPTURE_NOT_IPV4 + 1)
#define RUN_ERROR_LEN STATES_ERROR_LEN

struct run_counters {
	uint64_t packets_in, packets_out;
	uint64_t bytes_in, bytes_out; /* IP packets without link headers */
	uint64_t status[RUN_STATUSES]; /* results of the device; index 0: went well, policies may drop it all the same */
	uint64_t verdict[RUN_VERDICTS]; /* dropped before the device: see enum capture_verdict; those of IP are 0 */
	uint64_t policy[POLICY_NO_STATE + 1]; /* dropped by policy, or as no state takes them: see enum policy_verdict; POLICY_PASS is 0 */
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
	struct reserve *reserve; /* NULL: sequence numbers are not kept */
	struct capture_in *in;
	struct capture_out *out;
	struct run_counters counters;
	const volatile sig_atomic_t *stop; /* set from outside to end early */
	struct state *by_sa[ESPALIER_SA_NONE + 1]; /* the state behind an SA of the device */
};

/*
 * Install the states in the device, where they stay until it is closed. 0, or a negative errno value with a sentence (RUN_ERROR_LEN bytes):
 * the device does not take one.
 */
int run_install(struct run *run, char *error);

/*
 * Run the capture. 0, or a negative errno value with a sentence. Packets before a cut in the capture, or before stop was set, are through
 * and counted; the error comes then. With reserve set the file of sequence numbers covers at any time what is in use.
 */
int run_capture(struct run *run, char *error);

/* ---- run_states.c ---- */

/* No packet has a number that the file does not cover: call it with reached up to date before packets go to the device (encapsulation) or out. */
int run_cover(struct run *run, char *error);

/* Set reached to what the device says the SA has come to. */
int run_query(struct run *run, struct state *state, char *error);

/*
 * An inbound packet of this state, low: the sequence number of its header, is about to be released: what the file says must not be below it.
 * Numbers of one SA jump by less than 2^31 within a run.
 */
bool run_is_covered(const struct state *state, uint32_t low);

/* The end of a run, queue gone: the file gets the numbers reached. When the device cannot say: what they can have come to at most. */
int run_settle(struct run *run, char *error);

#endif
