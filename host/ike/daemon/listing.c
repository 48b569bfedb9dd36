/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/listing.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/identity.h"

/* Of a piece: the data plane is asked for each CHILD SA, and may take a while to answer. */
#define PIECE_IKE_SAS 16u
#define PIECE_US 1000

struct list {
	json_t *ike_sas, *children; /* children of the last IKE SA: borrowed */
	unsigned int count; /* of IKE SAs */
	int64_t begun_us;
	bool failed;
};

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static bool enough(void *ctx)
{
	struct list *list = ctx;

	return ++list->count >= PIECE_IKE_SAS || now_us() - list->begun_us >= PIECE_US;
}

static const char *nat_name(const struct agent_ike_info *info)
{
	static const char *const names[] = { "none", "local", "remote", "both" };

	return names[(info->nat_local ? 1 : 0) + (info->nat_remote ? 2 : 0)];
}

/* Identities are what peers say they are: of one that is not UTF-8, what is not ASCII is left out. */
static json_t *identity_json(const char *text)
{
	char ascii[IDENTITY_TEXT_LEN];
	json_t *string = json_string(text);
	size_t len = 0;

	if (string)
		return string;
	for (; *text && len + 1 < sizeof(ascii); text++)
		ascii[len++] = (unsigned char)*text < 0x80 ? *text : '?';
	ascii[len] = '\0';
	return json_string(ascii);
}

static json_t *endpoint_json(const struct endpoint *e)
{
	char text[ENDPOINT_TEXT_LEN];

	return json_string(endpoint_print(e, text));
}

/* SPIs as people know them from captures: hexadecimal, all digits. */
static json_t *spi_json(uint64_t spi, int digits)
{
	char text[20];

	snprintf(text, sizeof(text), "%0*" PRIx64, digits, spi);
	return json_string(text);
}

static json_t *selectors_json(const struct ts *ts, unsigned int count)
{
	json_t *array = json_array();
	char text[TS_TEXT_LEN];

	for (unsigned int i = 0; i < count; i++)
		json_array_append_new(array, json_string(ts_print(&ts[i], text)));
	return array;
}

static void add_ike(void *ctx, const struct agent_ike_info *info)
{
	struct list *list = ctx;
	json_t *object = json_pack("{s:s?, s:I, s:s?, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s?, s:I}", "name", info->name,
				   "id", (json_int_t)info->id, "state", info->state, "role", info->initiator ? "initiator" : "responder",
				   "local", endpoint_json(&info->local), "remote", endpoint_json(&info->remote),
				   "local_id", identity_json(info->local_id), "remote_id", identity_json(info->remote_id), "spi_i", spi_json(info->spi_i, 16),
				   "spi_r", spi_json(info->spi_r, 16), "nat", nat_name(info), "proposal", info->proposal,
				   "age_s", (json_int_t)info->age_s);

	list->children = json_array();
	if (json_object_set_new(object, "children", list->children) || json_array_append_new(list->ike_sas, object)) {
		list->failed = true;
		list->children = NULL;
	}
}

static void add_child(void *ctx, const struct agent_child_info *info)
{
	struct list *list = ctx;
	json_t *object = json_pack("{s:s?, s:I, s:I, s:s?, s:s, s:o, s:o, s:s?, s:b, s:b, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
				   "name", info->name, "id", (json_int_t)info->id, "reqid", (json_int_t)info->reqid, "state", info->state,
				   "mode", info->transport ? "transport" : "tunnel", "spi_in", spi_json(info->spi_in, 8),
				   "spi_out", spi_json(info->spi_out, 8), "proposal", info->proposal, "esn", info->esn,
				   "udp_encap", info->udp_encap, "local_ts", selectors_json(info->local_ts, info->local_ts_count),
				   "remote_ts", selectors_json(info->remote_ts, info->remote_ts_count),
				   "packets_in", (json_int_t)info->in.packets, "packets_out", (json_int_t)info->out.packets,
				   "bytes_in", (json_int_t)info->in.bytes, "bytes_out", (json_int_t)info->out.bytes,
				   "replay", (json_int_t)info->in.replay, "integrity", (json_int_t)info->in.integrity,
				   "other", (json_int_t)info->in.other, "age_s", (json_int_t)info->age_s);

	if (!list->children || json_array_append_new(list->children, object))
		list->failed = true;
}

static json_t *stats_json(const struct agent *agent)
{
	struct agent_stats s;

	agent_get_stats(agent, &s);
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:i, s:i}", "received", (json_int_t)s.received,
			 "sent", (json_int_t)s.sent, "retransmitted", (json_int_t)s.retransmitted, "malformed", (json_int_t)s.malformed,
			 "unknown_spi", (json_int_t)s.unknown_spi, "bad_icv", (json_int_t)s.bad_icv, "out_of_window", (json_int_t)s.out_of_window,
			 "cookies_sent", (json_int_t)s.cookies_sent, "cookies_bad", (json_int_t)s.cookies_bad,
			 "half_open_dropped", (json_int_t)s.half_open_dropped, "established", (json_int_t)s.established,
			 "failed", (json_int_t)s.failed, "ike_sas", (int)s.ike_sas, "half_open", (int)s.half_open, "child_sas", (int)s.child_sas);
}

/* The array's text without its brackets; NULL without memory. */
static char *join(const json_t *array)
{
	char *text = json_dumps(array, JSON_COMPACT);
	size_t len = text ? strlen(text) : 0;

	if (!text)
		return NULL;
	text[len - 1] = '\0';
	memmove(text, text + 1, len - 1);
	return text;
}

static char *compose(struct listing *listing, const struct agent *agent, const char *ike_sas)
{
	json_t *stats = listing->ended ? stats_json(agent) : NULL;
	char *end = stats ? json_dumps(stats, JSON_COMPACT) : NULL, *text = NULL;
	const char *begin = !listing->begun ? "{\"ok\":true,\"ike_sas\":[" : *ike_sas ? "," : "";

	if (listing->ended && end && asprintf(&text, "%s%s],\"stats\":%s}", begin, ike_sas, end) < 0)
		text = NULL;
	if (!listing->ended && asprintf(&text, "%s%s", begin, ike_sas) < 0)
		text = NULL;
	json_decref(stats);
	free(end);
	return text;
}

char *listing_next(struct listing *listing, struct agent *agent)
{
	struct list list = { .ike_sas = json_array(), .begun_us = now_us() };
	struct agent_visitor visitor = { &list, add_ike, add_child, enough };
	char *ike_sas = NULL, *text = NULL;

	listing->below = agent_list(agent, &visitor, listing->below);
	listing->ended = !listing->below;
	if (!list.failed)
		ike_sas = join(list.ike_sas);
	if (ike_sas)
		text = compose(listing, agent, ike_sas);
	listing->begun = true;
	free(ike_sas);
	json_decref(list.ike_sas);
	return text;
}
