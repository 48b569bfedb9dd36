/* SPDX-License-Identifier: Apache-2.0 */
#include "counters.h"

#include <errno.h>
#include <jansson.h>

#include "file/replace.h"

const char *gw_drop_name(enum gw_drop drop)
{
	static const char *const names[] = {
#define X(constant, name) [DROP_##constant] = name,
		GW_DROPS(X)
#undef X
	};

	return names[drop];
}

uint64_t gw_dropped(const struct gw_counters *counters)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < DROP_COUNT; i++)
		sum += counters->drops[i];
	for (unsigned int i = 1; i < GW_STATUSES; i++)
		sum += counters->status[0][i] + counters->status[1][i];
	return sum;
}

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

/* Statuses but OK that occurred, by name. */
static json_t *statuses(const uint64_t *status)
{
	json_t *object = json_object();

	for (unsigned int i = 1; i < GW_STATUSES; i++)
		if (status[i])
			json_object_set_new(object, espalier_status_name(i), number(status[i]));
	return object;
}

static json_t *report(const struct gw_counters *c)
{
	json_t *drops = json_object(), *root = json_object();

	for (unsigned int i = 0; i < DROP_COUNT; i++)
		if (c->drops[i])
			json_object_set_new(drops, gw_drop_name(i), number(c->drops[i]));
	json_object_set_new(root, "packets_out", number(c->packets[0]));
	json_object_set_new(root, "bytes_out", number(c->bytes[0]));
	json_object_set_new(root, "packets_in", number(c->packets[1]));
	json_object_set_new(root, "bytes_in", number(c->bytes[1]));
	json_object_set_new(root, "batches_out", number(c->batches[0]));
	json_object_set_new(root, "batches_in", number(c->batches[1]));
	json_object_set_new(root, "bypassed", number(c->bypassed));
	json_object_set_new(root, "fragmented", number(c->fragmented));
	json_object_set_new(root, "too_big_answers", number(c->too_big_answers));
	json_object_set_new(root, "acquires", number(c->acquires));
	json_object_set_new(root, "early", number(c->early));
	json_object_set_new(root, "pmtu_changes", number(c->pmtu_changes));
	json_object_set_new(root, "keepalives", number(c->keepalives));
	json_object_set_new(root, "device_losses", number(c->device_losses));
	json_object_set_new(root, "dropped", number(gw_dropped(c)));
	json_object_set_new(root, "drops", drops);
	json_object_set_new(root, "card_out", statuses(c->status[0]));
	json_object_set_new(root, "card_in", statuses(c->status[1]));
	return root;
}

int gw_counters_check(const char *path)
{
	struct replacement file;
	int ret = replace_begin(&file, path, 0644, true);

	replace_abandon(&file);
	return ret == -ENXIO ? 0 : ret; /* a FIFO whose reader comes later */
}

int gw_counters_write(const struct gw_counters *counters, const char *path)
{
	struct replacement file;
	json_t *root;
	int ret = replace_begin(&file, path, 0644, true);

	if (ret)
		return ret;
	root = report(counters);
	ret = root && !json_dumpf(root, file.file, JSON_INDENT(1)) ? 0 : -EIO;
	json_decref(root);
	if (!ret)
		return replace_commit(&file);
	replace_abandon(&file);
	return ret;
}
