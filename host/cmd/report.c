/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands print; see report.h for the JSON. */
#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>

static int finish(FILE *file)
{
	return fflush(file) || ferror(file) ? -EIO : 0;
}

static int put_json(FILE *file, json_t *root)
{
	int ret = root ? json_dumpf(root, file, JSON_INDENT(2)) : -1;

	json_decref(root);
	if (ret)
		return -EIO;
	fputc('\n', file);
	return finish(file);
}

typedef void drop_fn(void *context, const char *reason, uint64_t count);

static void each_drop(const struct run_counters *counters, drop_fn *fn, void *context)
{
	for (int i = 1; i < RUN_VERDICTS; i++)
		if (counters->verdict[i])
			fn(context, capture_verdict_name((enum capture_verdict)i), counters->verdict[i]);
	for (int i = 1; i <= POLICY_NO_STATE; i++)
		if (counters->policy[i])
			fn(context, policy_verdict_name((enum policy_verdict)i), counters->policy[i]);
	if (counters->too_long)
		fn(context, "too_long", counters->too_long);
	for (unsigned int i = 1; i < RUN_STATUSES; i++)
		if (counters->status[i])
			fn(context, espalier_status_name(i), counters->status[i]);
}

static void drop_to_json(void *context, const char *reason, uint64_t count)
{
	json_t *drops = context;
	json_int_t before = json_integer_value(json_object_get(drops, reason));

	json_object_set_new(drops, reason, json_integer(before + (json_int_t)count));
}

static void drop_to_table(void *context, const char *reason, uint64_t count)
{
	fprintf(context, "  %-20s %12" PRIu64 "\n", reason, count);
}

static int run_json(FILE *file, const struct run *run)
{
	const struct run_counters *c = &run->counters;
	json_t *drops = json_object();

	each_drop(c, drop_to_json, drops);
	return put_json(file, json_pack("{s:s, s:s, s:s, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "command",
					run->decap ? "decap" : "encap", "device", run->info.name, "transport", run->info.transport, "lanes",
					(int)run->info.lanes, "clock_khz", (json_int_t)run->info.clock_khz, "states",
					(json_int_t)run->states->count, "packets_in", (json_int_t)c->packets_in, "packets_out",
					(json_int_t)c->packets_out, "bytes_in", (json_int_t)c->bytes_in, "bytes_out",
					(json_int_t)c->bytes_out, "dropped", (json_int_t)run_dropped(c), "drops", drops, "cycles",
					run->info.clock_khz ? json_integer((json_int_t)c->cycles) : json_null()));
}

int report_run(FILE *file, const struct run *run, bool json)
{
	const struct run_counters *c = &run->counters;

	if (json)
		return run_json(file, run);
	fprintf(file, "%s on %s, %zu state%s\n", run->decap ? "decap" : "encap", run->info.name, run->states->count,
		run->states->count == 1 ? "" : "s");
	fprintf(file, "%-22s %12" PRIu64 " %16" PRIu64 " bytes\n", "packets in", c->packets_in, c->bytes_in);
	fprintf(file, "%-22s %12" PRIu64 " %16" PRIu64 " bytes\n", "packets out", c->packets_out, c->bytes_out);
	fprintf(file, "%-22s %12" PRIu64 "\n", "dropped", run_dropped(c));
	each_drop(c, drop_to_table, file);
	if (run->info.clock_khz)
		fprintf(file, "%-22s %12" PRIu64 "\n", "card cycles", c->cycles);
	return finish(file);
}

static const char *link_speed_name(unsigned int speed)
{
	static const char *const names[] = { "unknown", "2.5 GT/s", "5 GT/s", "8 GT/s", "16 GT/s", "32 GT/s", "64 GT/s" };

	return speed < sizeof(names) / sizeof(names[0]) ? names[speed] : "unknown";
}

static json_t *feature_names(uint32_t features)
{
	json_t *names = json_array();

	for (unsigned int i = 0; i < ESPALIER_FEATURES; i++)
		if (features >> i & 1)
			json_array_append_new(names, json_string(espalier_feature_name((enum espalier_feature)(1u << i))));
	return names;
}

int report_info(FILE *file, const struct espalier_info *info, bool json)
{
	const char *algorithms = info->algorithms & 1 ? "AES-GCM-16 (128, 192, 256), ESN, IPv4 tunnel" : "none";

	if (json)
		return put_json(file, json_pack("{s:s, s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:s}", "name",
						info->name, "transport", info->transport, "location", info->location, "simulated",
						(int)info->simulated, "version", (json_int_t)info->version, "lanes",
						(json_int_t)info->lanes, "queues", (json_int_t)info->queues, "clock_khz",
						(json_int_t)info->clock_khz, "algorithms", algorithms, "features",
						feature_names(info->features), "max_esp", (json_int_t)info->max_esp, "sa_capacity",
						(json_int_t)info->sa_capacity, "max_packet", (json_int_t)info->max_packet, "max_window",
						(json_int_t)info->max_window, "link_width", (json_int_t)info->link_width,
						"link_generation", (json_int_t)info->link_speed, "link_speed",
						link_speed_name(info->link_speed)));
	fprintf(file, "%-16s %s%s\n", "device", info->name, info->simulated ? " (simulated card)" : "");
	fprintf(file, "%-16s %s %s\n", "transport", info->transport, info->location);
	if (info->lanes)
		fprintf(file, "%-16s version %u, %u lanes, %u kHz\n", "card", info->version, info->lanes, info->clock_khz);
	if (info->link_width)
		fprintf(file, "%-16s %s x%u\n", "link", link_speed_name(info->link_speed), info->link_width);
	fprintf(file, "%-16s %s\n", "algorithms", algorithms);
	for (unsigned int i = 0; i < ESPALIER_FEATURES; i++)
		if (info->features >> i & 1)
			fprintf(file, "%-16s %s\n", "", espalier_feature_name((enum espalier_feature)(1u << i)));
	fprintf(file, "%-16s %u a direction\n", "SAs", info->sa_capacity);
	fprintf(file, "%-16s %u\n", "queues", info->queues);
	fprintf(file, "%-16s %u bytes\n", "largest packet", info->max_packet);
	fprintf(file, "%-16s %u packets\n", "replay window", info->max_window);
	return finish(file);
}

int report_list(FILE *file, const struct espalier_listed *list, size_t count, bool json)
{
	json_t *array;

	if (json) {
		array = json_array();
		for (size_t i = 0; i < count; i++)
			json_array_append_new(array, json_pack("{s:s, s:s, s:i, s:i, s:s, s:b, s:i, s:i}", "name", list[i].name, "address",
							       list[i].address, "vendor", list[i].vendor, "device", list[i].device,
							       "driver", list[i].driver, "simulated", (int)list[i].simulated,
							       "link_speed", (int)list[i].link_speed, "link_width",
							       (int)list[i].link_width));
		return put_json(file, array);
	}
	for (size_t i = 0; i < count; i++)
		fprintf(file, "%s  %04x:%04x  %s  %s x%u%s%s\n", list[i].name, list[i].vendor, list[i].device,
			list[i].simulated ? "simulated" : "card", link_speed_name(list[i].link_speed), list[i].link_width,
			list[i].driver[0] ? "  driver " : "", list[i].driver);
	if (!count)
		fprintf(file, "No card found. Without one: -d sim starts a simulated card, -d software is the software reference.\n");
	return finish(file);
}
