/* SPDX-License-Identifier: Apache-2.0 */
/* swanctl.conf: a configuration that keeps what conf.h promises, or an error with a file, a line and a sentence. No files are read. */
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool met)
{
	if (!met)
		abort();
}

static void check_limits(const struct conf_limits *limits)
{
	demand(!limits->rekey || limits->rand < limits->rekey);
	demand(!limits->life || limits->rekey <= limits->life);
	demand(limits->life != UINT64_MAX && limits->rand != UINT64_MAX);
}

static void check_selectors(const struct conf_selectors *selectors)
{
	demand(selectors->count >= 1 && selectors->count <= SINK_TS_MAX);
	for (size_t i = 0; i < selectors->count; i++)
		demand(selectors->items[i].dynamic == !selectors->items[i].ts.lo.family);
}

static void check_child(const struct conf_connection *connection, const struct conf_child *child)
{
	demand(child->connection == connection && *child->name && child->where.line);
	check_selectors(&child->local_ts);
	check_selectors(&child->remote_ts);
	check_limits(&child->time);
	check_limits(&child->bytes);
	check_limits(&child->packets);
	demand(child->esp_proposals->count && child->start_action <= 3 && child->close_action <= 3);
}

static void check_connection(const struct conf *conf, const struct conf_connection *connection)
{
	demand(conf_find_connection(conf, connection->name) == connection);
	demand(connection->local_addrs.count && connection->remote_addrs.count && connection->remote_port && connection->proposals->count);
	demand(connection->local.ike.count <= CONF_RULES_MAX && connection->remote.chain.count <= CONF_RULES_MAX);
	for (size_t i = 0; i < connection->child_count; i++)
		check_child(connection, connection->children[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[CONF_ERROR_LEN] = "";
	struct conf *conf = conf_parse("f", (const char *)data, size, error);

	if (!conf) {
		demand(!strncmp(error, "f:", 2) && strchr("123456789", error[2]) && strstr(error, ": "));
		return 0;
	}
	for (size_t i = 0; i < conf->connection_count; i++)
		check_connection(conf, conf->connections[i]);
	for (size_t i = 0; i < conf->secret_count; i++)
		demand(conf->secrets[i]->len && conf->secrets[i]->bytes);
	for (size_t i = 0; i < conf->key_count; i++)
		demand(*conf->keys[i]->path);
	for (size_t i = 0; i < conf->authority_count; i++)
		demand(*conf->authorities[i]->cacert);
	conf_free(conf);
	return 0;
}
