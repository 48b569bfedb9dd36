/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: connections that are to come up again, each with a growing pause (agent_settings.retry_ms). */
#ifndef ESPALIER_IKE_RETRY_H
#define ESPALIER_IKE_RETRY_H

#include "core/sa.h"

#define RETRY_STABLE_MS 60000u /* an IKE SA that lived so long was no failure */

/*
 * Bring this CHILD SA up after attempt failures in a row (0: at once, with the next timers), by names: a configuration loaded meanwhile
 * counts, and one without it ends the matter; else EVENT_RETRY_DUE. Nothing happens if the same is waited for already.
 */
void retry_later(struct agent *agent, const struct conf_child *child, unsigned int attempt);
/* Bring up again what ended: close_action = start. Pauses if it lived for a short time only. */
void retry_ended(struct agent *agent, const struct conf_child *child, uint64_t lived_ms);
/* A user wants it down: what the word means, "conn", "child" or "conn/child", is not tried again. False: nothing was waiting. */
bool retry_stop(struct agent *agent, const char *text);
void retry_free(struct agent *agent);

#endif
