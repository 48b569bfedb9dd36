/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration's connections as JSON, in the words in which charon logs what it has loaded. Argument: the file. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"

static json_t *addrs_json(const struct conf_addrs *addrs)
{
	char text[TS_TEXT_LEN];
	json_t *list = json_array();

	for (size_t i = 0; i < addrs->count; i++) {
		const struct conf_addr *addr = &addrs->items[i];

		if (addr->any)
			json_array_append_new(list, json_string("%any"));
		else
			json_array_append_new(list, json_string(addr->single ? ip_print(&addr->range.lo, text) : ts_print(&addr->range, text)));
	}
	return list;
}

static json_t *selectors_json(const struct conf_selectors *selectors)
{
	json_t *list = json_array();

	for (size_t i = 0; i < selectors->count; i++) {
		const struct conf_ts *selector = &selectors->items[i];
		struct ts ts = selector->ts;
		char text[TS_TEXT_LEN], dynamic[TS_TEXT_LEN + 8];

		if (selector->dynamic)
			ts.lo = ts.hi = (struct ip_addr){ .family = 4 }; /* one address: text before [, if there is one */
		ts_print(&ts, text);
		snprintf(dynamic, sizeof(dynamic), "dynamic%s", strchr(text, '[') ? strchr(text, '[') : "");
		json_array_append_new(list, json_string(selector->dynamic ? dynamic : text));
	}
	return list;
}

static json_t *proposals_json(const struct proposals *proposals)
{
	json_t *list = json_array();
	char text[PROPOSAL_TEXT_LEN];

	for (size_t i = 0; i < proposals->count; i++)
		json_array_append_new(list, json_string(proposal_print(&proposals->list[i], text)));
	return list;
}

static const char *action(unsigned int bits)
{
	static const char *const names[] = { "none", "trap", "start", "trap | start" };

	return names[bits];
}

static void set_limits(json_t *object, const char *unit, const struct conf_limits *limits)
{
	const struct {
		const char *prefix;
		uint64_t value;
	} items[] = { { "rekey", limits->rekey }, { "life", limits->life }, { "rand", limits->rand } };
	char key[32];

	for (size_t i = 0; i < 3; i++) {
		snprintf(key, sizeof(key), "%s_%s", items[i].prefix, unit);
		json_object_set_new(object, key, json_integer((json_int_t)items[i].value));
	}
}

static const char *const modes[] = { [CONF_TUNNEL] = "TUNNEL", [CONF_TRANSPORT] = "TRANSPORT", [CONF_PASS] = "PASS", [CONF_DROP] = "DROP" };

static json_t *child_json(const struct conf_child *child)
{
	json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:i}", "mode", modes[child->mode],
				   "start_action", action(child->start_action), "close_action", action(child->close_action),
				   "dpd_action", action(child->dpd_action), "reqid", (json_int_t)child->reqid, "priority", (json_int_t)child->priority,
				   "replay_window", (json_int_t)child->replay_window, "copy_df", child->copy_df);

	json_object_set_new(object, "local_ts", selectors_json(&child->local_ts));
	json_object_set_new(object, "remote_ts", selectors_json(&child->remote_ts));
	json_object_set_new(object, "proposals", proposals_json(child->esp_proposals));
	set_limits(object, "time", &child->time);
	set_limits(object, "bytes", &child->bytes);
	set_limits(object, "packets", &child->packets);
	return object;
}

static json_t *auth_json(const struct conf_auth *auth)
{
	return json_pack("{s:s, s:s?}", "class", auth->method == CONF_AUTH_PSK ? "pre-shared key" : "public key", "id", auth->id);
}

static json_t *connection_json(const struct conf_connection *c)
{
	static const char *const send_cert[] = { "CERT_SEND_IF_ASKED", "CERT_NEVER_SEND", "CERT_ALWAYS_SEND" };
	static const char *const unique[] = { "UNIQUE_NO", "UNIQUE_NEVER", "UNIQUE_KEEP", "UNIQUE_REPLACE" };
	static const int fragmentation[] = { 2, 1, 3, 0 }, childless[] = { 0, 2, 1 };
	json_t *children = json_object(), *object;

	for (size_t i = 0; i < c->child_count; i++)
		json_object_set_new(children, c->children[i]->name, child_json(c->children[i]));
	object = json_pack("{s:o, s:o, s:i, s:i, s:o, s:b, s:I, s:i, s:i, s:b, s:s, s:s?, s:b, s:I, s:s, s:I, s:I, s:I, s:I, s:o, s:o, s:o}",
			   "local_addrs", addrs_json(&c->local_addrs), "remote_addrs", addrs_json(&c->remote_addrs),
			   "local_port", c->local_port ? c->local_port : 500, "remote_port", c->remote_port,
			   "proposals", proposals_json(c->proposals),
			   "encap", c->encap, "dpd_delay", (json_int_t)c->dpd_delay_s, "fragmentation", fragmentation[c->fragmentation],
			   "childless", childless[c->childless], "send_certreq", c->send_certreq, "send_cert", send_cert[c->send_cert],
			   "ppk_id", c->ppk_id, "ppk_required", c->ppk_required, "keyingtries", (json_int_t)c->keyingtries,
			   "unique", unique[c->unique], "reauth_time", (json_int_t)c->reauth_time_s, "rekey_time", (json_int_t)c->rekey_time_s,
			   "over_time", (json_int_t)c->over_time_s, "rand_time", (json_int_t)c->rand_time_s,
			   "local", auth_json(&c->local), "remote", auth_json(&c->remote), "children", children);
	return object;
}

int main(int argc, char **argv)
{
	json_t *connections = json_object();
	char error[CONF_ERROR_LEN];
	struct conf *conf = argc == 2 ? conf_load(argv[1], error) : NULL;

	if (!conf) {
		fprintf(stderr, "%s\n", argc == 2 ? error : "the name of a file is needed");
		return EXIT_FAILURE;
	}
	for (size_t i = 0; i < conf->connection_count; i++)
		json_object_set_new(connections, conf->connections[i]->name, connection_json(conf->connections[i]));
	json_dumpf(connections, stdout, JSON_INDENT(1));
	json_decref(connections);
	conf_free(conf);
	return EXIT_SUCCESS;
}
