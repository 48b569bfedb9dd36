/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/settings.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const struct setting {
	const char *name, *help;
	size_t offset;
	double scale, min, max; /* stored is the value times scale; whole numbers only where scale is 1 */
} table[] = {
	{ "retransmit_timeout", "seconds until a request is sent again", offsetof(struct agent_settings, retransmit_ms), 1000, 0.01, 3600 },
	{ "retransmit_base", "each wait is so many times the one before", offsetof(struct agent_settings, retransmit_percent), 100, 1, 100 },
	{ "retransmit_tries", "retransmissions until the peer is given up", offsetof(struct agent_settings, retransmit_tries), 1, 0, 100 },
	{ "half_open_timeout", "seconds that an IKE SA may stay without IKE_AUTH", offsetof(struct agent_settings, half_open_ms), 1000, 0.1, 3600 },
	{ "init_limit_half_open", "half-open IKE SAs at most", offsetof(struct agent_settings, half_open_max), 1, 1, 1000000 },
	{ "cookie_threshold", "half-open IKE SAs from which on cookies are asked for", offsetof(struct agent_settings, cookie_threshold), 1, 0, 1000000 },
	{ "block_threshold", "half-open IKE SAs of one address (IPv6: one /64) at most; 0: any number", offsetof(struct agent_settings, block_threshold), 1, 0, 1000000 },
	{ "peer_share", "percent of the data plane's SAs that a peer has and that are free, which it may have; 100: all", offsetof(struct agent_settings, peer_share), 1, 1, 100 },
	{ "fragment_size", "bytes of the longest IP packet", offsetof(struct agent_settings, fragment_size), 1, 576, 65535 },
	{ "keep_alive", "seconds between NAT keepalives", offsetof(struct agent_settings, keepalive_ms), 1000, 0, 86400 },
	{ "delete_rekeyed_delay", "seconds that an inbound SA stays after its rekeying", offsetof(struct agent_settings, retire_ms), 1000, 0, 3600 },
	{ "retry_initiate_interval", "seconds until a failed connection is tried again, at first", offsetof(struct agent_settings, retry_ms), 1000, 0.1, 3600 },
	{ "start_blocks", "1: what start_action = start covers is blocked while it is down; 0: in clear", offsetof(struct agent_settings, start_blocks), 1, 0, 1 },
};

#define COUNT (sizeof(table) / sizeof(table[0]))

/* All that are in the table have 32 bits. */
static uint32_t *field(struct agent_settings *settings, const struct setting *s)
{
	return (uint32_t *)(void *)((char *)settings + s->offset);
}

_Static_assert(sizeof(unsigned int) == sizeof(uint32_t), "settings are uint32_t or unsigned int");

static const struct setting *find(const char *name, size_t len)
{
	for (size_t i = 0; i < COUNT; i++)
		if (strlen(table[i].name) == len && !memcmp(table[i].name, name, len))
			return &table[i];
	return NULL;
}

bool settings_set(struct agent_settings *settings, const char *text)
{
	const char *equals = strchr(text, '=');
	const struct setting *s = equals ? find(text, (size_t)(equals - text)) : NULL;
	char *end;
	double value;

	if (!s)
		return false;
	value = strtod(equals + 1, &end);
	if (!equals[1] || *end || !(value >= s->min && value <= s->max) || (s->scale == 1 && value != floor(value)))
		return false;
	*field(settings, s) = (uint32_t)(value * s->scale + 0.5);
	return true;
}

void settings_help(FILE *file)
{
	struct agent_settings defaults;

	agent_default_settings(&defaults);
	for (size_t i = 0; i < COUNT; i++)
		fprintf(file, "  %-24s %s (%g)\n", table[i].name, table[i].help, *field(&defaults, &table[i]) / table[i].scale);
}
