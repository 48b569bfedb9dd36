/* SPDX-License-Identifier: Apache-2.0 */
/* Values that follow from others, and values that contradict others. */
#include "conf/build.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Where "prefix_unit" is said; it, or else the section. */
static struct conf_where where_of(const struct settings_section *section, const char *prefix, const char *unit)
{
	const struct settings_value *value;
	char key[32];

	snprintf(key, sizeof(key), "%s_%s", prefix, unit);
	value = settings_find_value(section, key);
	return value ? value->where : section->where;
}

/* life: a tenth more than rekey. rand: what is between them, but never so much that an SA could be rekeyed at once. */
static int check_limits(struct loader *loader, const struct settings_section *section, const char *unit, struct conf_limits *limits)
{
	if (limits->life == CONF_UNSET)
		limits->life = limits->rekey + limits->rekey / 10;
	if (limits->life && limits->rekey > limits->life)
		return settings_fail(loader->error, where_of(section, "life", unit), "life_%s is less than rekey_%s (%llu)", unit, unit,
				     (unsigned long long)limits->rekey);
	if (limits->rand == CONF_UNSET)
		limits->rand = limits->rekey ? min_u64(limits->life - min_u64(limits->life, limits->rekey), limits->rekey / 2) : 0;
	if (limits->rekey && limits->rand >= limits->rekey)
		return settings_fail(loader->error, where_of(section, "rand", unit), "rand_%s is not less than rekey_%s (%llu)", unit, unit,
				     (unsigned long long)limits->rekey);
	return 0;
}

int check_child(struct loader *loader, const struct settings_section *section, struct conf_child *child)
{
	int ret = check_limits(loader, section, "time", &child->time);

	if (!ret)
		ret = check_limits(loader, section, "bytes", &child->bytes);
	if (!ret)
		ret = check_limits(loader, section, "packets", &child->packets);
	if (!ret && conf_is_shunt(child) && child->start_action & CONF_ACTION_START)
		ret = settings_fail(loader->error, where_of(section, "start", "action"),
				    "mode = %s has nothing to start: start_action = trap puts the policy in force",
				    child->mode == CONF_PASS ? "pass" : "drop");
	/* What is to be up is up again after its peer was dead, unless something else was said. */
	if (child->start_action & CONF_ACTION_START && !settings_find_value(section, "dpd_action"))
		child->dpd_action = CONF_ACTION_START;
	return ret;
}

int check_connection(struct loader *loader, const struct settings_section *section, struct conf_connection *c)
{
	uint64_t first, last;

	if (c->rekey_time_s == CONF_UNSET)
		c->rekey_time_s = c->reauth_time_s == CONF_UNSET ? 4 * 3600 : 0;
	if (c->reauth_time_s == CONF_UNSET)
		c->reauth_time_s = 0;
	last = max_u64(c->rekey_time_s, c->reauth_time_s);
	first = c->rekey_time_s && c->reauth_time_s ? min_u64(c->rekey_time_s, c->reauth_time_s) : last;
	if (c->over_time_s == CONF_UNSET)
		c->over_time_s = last / 10;
	if (c->rand_time_s == CONF_UNSET)
		c->rand_time_s = min_u64(c->over_time_s, first / 2);
	if (first && c->rand_time_s >= first)
		return settings_fail(loader->error, where_of(section, "rand", "time"), "rand_time is not less than rekey_time and reauth_time (%llu)",
				     (unsigned long long)first);
	return 0;
}

static int compare_reqids(const void *a, const void *b)
{
	const struct conf_child *const *x = a, *const *y = b;

	return ((*x)->reqid > (*y)->reqid) - ((*x)->reqid < (*y)->reqid);
}

/* A reqid is one policy of the gateway. */
int check_reqids(struct loader *loader)
{
	const struct conf *conf = loader->conf;
	const struct conf_child **fixed = NULL;
	size_t count = 0;
	int ret = 0;

	for (size_t i = 0; i < conf->connection_count; i++)
		for (size_t k = 0; k < conf->connections[i]->child_count; k++) {
			if (!conf->connections[i]->children[k]->reqid)
				continue;
			if (settings_grow(&fixed, count, sizeof(*fixed))) {
				free(fixed);
				return settings_no_memory(loader->error);
			}
			fixed[count++] = conf->connections[i]->children[k];
		}
	loader->conf->reqid_count = count;
	if (count)
		qsort(fixed, count, sizeof(*fixed), compare_reqids);
	for (size_t i = 1; i < count && !ret; i++)
		if (fixed[i]->reqid == fixed[i - 1]->reqid)
			ret = settings_fail(loader->error, fixed[i]->where, "children %.100s and %.100s have the same reqid %u", fixed[i - 1]->name,
					    fixed[i]->name, fixed[i]->reqid);
	free(fixed);
	return ret;
}
