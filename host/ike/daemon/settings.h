/* SPDX-License-Identifier: Apache-2.0 */
/* --set NAME=VALUE: the agent's limits and times by their names in strongswan.conf's section charon. */
#ifndef ESPALIER_IKE_SETTINGS_H
#define ESPALIER_IKE_SETTINGS_H

#include <stdio.h>

#include "core/agent.h"

/* text: "retransmit_timeout=1.5". false: no such name, or not a value for it; settings stay as they were. */
bool settings_set(struct agent_settings *settings, const char *text);
/* Names, units and defaults, one a line. */
void settings_help(FILE *file);

#endif
