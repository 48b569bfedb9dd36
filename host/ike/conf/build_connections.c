/* SPDX-License-Identifier: Apache-2.0 */
/* connections { }: the tables of their keys. */
#include "conf/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NOT_SUPPORTED(key) { .name = (key), .type = KEY_ONLY, .text = "" }
#define ONLY(key, words) { .name = (key), .type = KEY_ONLY, .text = (words) }
#define TIME(key, default, owner, member) { .name = (key), .type = KEY_TIME, .standard = (default), KEY_AT(owner, member), .max = CONF_TIME_MAX }
/* How long an IKE SA lives: what may change while it does. */
#define LIFETIME(key, member) { .name = (key), .type = KEY_TIME, KEY_AT(conf_connection, member), .max = CONF_TIME_MAX, .apart = true }
#define COUNT(key, kind, default, member) { .name = (key), .type = (kind), .standard = (default), KEY_AT(conf_child, member), .max = CONF_COUNT_MAX }

static const struct key connection_keys[] = {
	ONLY("version", "0 2"),
	{ .name = "local_addrs", .type = KEY_ADDRS, .standard = "%any", KEY_AT(conf_connection, local_addrs) },
	{ .name = "remote_addrs", .type = KEY_ADDRS, .standard = "%any", KEY_AT(conf_connection, remote_addrs) },
	{ .name = "local_port", .type = KEY_NUMBER, .standard = "0", KEY_AT(conf_connection, local_port), .max = 65535 },
	{ .name = "remote_port", .type = KEY_NUMBER, .standard = "500", KEY_AT(conf_connection, remote_port), .min = 1, .max = 65535 },
	{ .name = "proposals", .type = KEY_IKE, .standard = "default", KEY_AT(conf_connection, proposals) },
	{ .name = "encap", .type = KEY_BOOL, .standard = "no", KEY_AT(conf_connection, encap) },
	ONLY("mobike", "no"),
	TIME("dpd_delay", "0", conf_connection, dpd_delay_s),
	{ .name = "dpd_timeout", .type = KEY_TIME, .max = CONF_TIME_MAX }, /* of IKEv1 alone */
	{ .name = "fragmentation", .type = KEY_WORD, .standard = "yes", KEY_AT(conf_connection, fragmentation), .text = "yes accept force no" },
	{ .name = "childless", .type = KEY_WORD, .standard = "allow", KEY_AT(conf_connection, childless), .text = "allow force never" },
	{ .name = "send_certreq", .type = KEY_BOOL, .standard = "yes", KEY_AT(conf_connection, send_certreq) },
	{ .name = "send_cert", .type = KEY_WORD, .standard = "ifasked", KEY_AT(conf_connection, send_cert), .text = "ifasked never always" },
	{ .name = "ppk_id", .type = KEY_TEXT, KEY_AT(conf_connection, ppk_id) },
	{ .name = "ppk_required", .type = KEY_BOOL, .standard = "no", KEY_AT(conf_connection, ppk_required) },
	{ .name = "keyingtries", .type = KEY_NUMBER, .standard = "1", KEY_AT(conf_connection, keyingtries), .max = 1000000 },
	{ .name = "unique", .type = KEY_WORD, .standard = "no", KEY_AT(conf_connection, unique), .text = "no never keep replace" },
	LIFETIME("reauth_time", reauth_time_s),
	LIFETIME("rekey_time", rekey_time_s),
	LIFETIME("over_time", over_time_s),
	LIFETIME("rand_time", rand_time_s),
	ONLY("aggressive", "no"),
	ONLY("pull", "yes"),
	ONLY("dscp", "000000"),
	ONLY("if_id_in", "0"),
	ONLY("if_id_out", "0"),
	ONLY("mediation", "no"),
	NOT_SUPPORTED("vips"),
	NOT_SUPPORTED("pools"),
	NOT_SUPPORTED("mediated_by"),
	NOT_SUPPORTED("mediation_peer"),
};

#define AUTH_KEYS \
	{ .name = "auth", .type = KEY_AUTH, .standard = "pubkey" }, /* the whole struct is its place */ \
	{ .name = "id", .type = KEY_TEXT, KEY_AT(conf_auth, id) }, \
	{ .name = "certs", .type = KEY_FILES, KEY_AT(conf_auth, certs), .text = "x509" }, \
	{ .name = "round", .type = KEY_NUMBER, .max = UINT32_MAX }, /* the order of several, and there is one */ \
	NOT_SUPPORTED("pubkeys"), \
	NOT_SUPPORTED("eap_id")

static const struct key local_keys[] = {
	AUTH_KEYS,
	NOT_SUPPORTED("aaa_id"),
	NOT_SUPPORTED("xauth_id"),
};

static const struct key remote_keys[] = {
	AUTH_KEYS,
	{ .name = "cacerts", .type = KEY_FILES, KEY_AT(conf_auth, cacerts), .text = "x509ca" },
	{ .name = "revocation", .type = KEY_WORD, .standard = "relaxed", KEY_AT(conf_auth, revocation), .text = "relaxed ifuri strict" },
	NOT_SUPPORTED("ca_id"),
	NOT_SUPPORTED("groups"),
	NOT_SUPPORTED("cert_policy"),
};

/* cert<suffix> and cacert<suffix> of an auth section. */
struct file_section {
	char *path;
};

#define FILE_KEYS(directory) \
	{ .name = "file", .type = KEY_FILE, KEY_AT(file_section, path), .text = (directory), .needed = true }, \
	NOT_SUPPORTED("handle"), \
	NOT_SUPPORTED("slot"), \
	NOT_SUPPORTED("module")

static const struct key cert_keys[] = { FILE_KEYS("x509") };
static const struct key cacert_keys[] = { FILE_KEYS("x509ca") };

static const struct key child_keys[] = {
	{ .name = "local_ts", .type = KEY_SELECTORS, .standard = "dynamic", KEY_AT(conf_child, local_ts) },
	{ .name = "remote_ts", .type = KEY_SELECTORS, .standard = "dynamic", KEY_AT(conf_child, remote_ts) },
	{ .name = "esp_proposals", .type = KEY_ESP, .standard = "default", KEY_AT(conf_child, esp_proposals) },
	{ .name = "mode", .type = KEY_WORD, .standard = "tunnel", KEY_AT(conf_child, mode), .text = "tunnel transport pass drop" },
	{ .name = "start_action", .type = KEY_ACTION, .standard = "none", KEY_AT(conf_child, start_action) },
	{ .name = "close_action", .type = KEY_ACTION, .standard = "none", KEY_AT(conf_child, close_action) },
	{ .name = "dpd_action", .type = KEY_ACTION, .standard = "none", KEY_AT(conf_child, dpd_action) },
	TIME("rekey_time", "1h", conf_child, time.rekey),
	TIME("life_time", NULL, conf_child, time.life),
	TIME("rand_time", NULL, conf_child, time.rand),
	COUNT("rekey_bytes", KEY_BYTES, "0", bytes.rekey),
	COUNT("life_bytes", KEY_BYTES, NULL, bytes.life),
	COUNT("rand_bytes", KEY_BYTES, NULL, bytes.rand),
	COUNT("rekey_packets", KEY_NUMBER, "0", packets.rekey),
	COUNT("life_packets", KEY_NUMBER, NULL, packets.life),
	COUNT("rand_packets", KEY_NUMBER, NULL, packets.rand),
	{ .name = "replay_window", .type = KEY_NUMBER, .standard = "32", KEY_AT(conf_child, replay_window), .max = 65536, .text = "-1" },
	{ .name = "copy_df", .type = KEY_BOOL, .standard = "yes", KEY_AT(conf_child, copy_df) },
	{ .name = "reqid", .type = KEY_NUMBER, .standard = "0", KEY_AT(conf_child, reqid), .max = UINT32_MAX },
	{ .name = "priority", .type = KEY_NUMBER, .standard = "0", KEY_AT(conf_child, priority), .max = UINT32_MAX },
	ONLY("policies", "yes"),
	ONLY("policies_fwd_out", "no"),
	ONLY("copy_ecn", "yes"),
	ONLY("copy_dscp", "out"),
	ONLY("tfc_padding", "0"),
	ONLY("inactivity", "0 0s"),
	ONLY("hw_offload", "no auto"),
	ONLY("sha256_96", "no"),
	ONLY("hostaccess", "no"),
	ONLY("ipcomp", "no"),
	ONLY("mark_in_sa", "no"),
	ONLY("if_id_in", "0"),
	ONLY("if_id_out", "0"),
	ONLY("label_mode", "system"),
	NOT_SUPPORTED("ah_proposals"),
	NOT_SUPPORTED("updown"),
	NOT_SUPPORTED("interface"),
	NOT_SUPPORTED("mark_in"),
	NOT_SUPPORTED("mark_out"),
	NOT_SUPPORTED("set_mark_in"),
	NOT_SUPPORTED("set_mark_out"),
	NOT_SUPPORTED("label"),
};

static bool begins(const struct settings_section *section, const char *prefix)
{
	return !strncmp(section->name, prefix, strlen(prefix));
}

static int build_file(struct loader *loader, const struct settings_section *section, const struct key *keys, size_t count, struct conf_list *to)
{
	struct file_section file = { 0 };
	int ret = section->section_count ? keys_unknown_section(loader, section->sections[0], section->name, (const char *const[]){ NULL })
					 : keys_apply(loader, section, keys, count, &file);

	if (!ret && settings_list_add(to, file.path))
		ret = settings_no_memory(loader->error);
	free(file.path);
	return ret;
}

static int build_auth(struct loader *loader, const struct settings_section *section, bool local, struct conf_auth *auth)
{
	int ret = local ? keys_apply(loader, section, local_keys, KEY_COUNT(local_keys), auth)
			: keys_apply(loader, section, remote_keys, KEY_COUNT(remote_keys), auth);

	auth->where = section->where;
	for (size_t i = 0; i < section->section_count && !ret; i++) {
		const struct settings_section *sub = section->sections[i];

		if (begins(sub, "cert"))
			ret = build_file(loader, sub, cert_keys, KEY_COUNT(cert_keys), &auth->certs);
		else if (!local && begins(sub, "cacert"))
			ret = build_file(loader, sub, cacert_keys, KEY_COUNT(cacert_keys), &auth->cacerts);
		else
			ret = keys_unknown_section(loader, sub, section->name, (const char *const[]){ "cert", local ? NULL : "cacert", NULL });
	}
	if (!ret && auth->method == CONF_AUTH_PSK && (auth->certs.count || auth->cacerts.count))
		ret = settings_fail(loader->error, section->where, "section %.100s has auth = psk and certificates", section->name);
	return ret;
}

static int build_child(struct loader *loader, const struct settings_section *section, struct conf_connection *connection)
{
	struct conf_child *child = calloc(1, sizeof(*child));
	int ret;

	if (!child || settings_grow(&connection->children, connection->child_count, sizeof(child))) {
		free(child);
		return settings_no_memory(loader->error);
	}
	connection->children[connection->child_count++] = child;
	child->connection = connection;
	child->where = section->where;
	child->name = strdup(section->name);
	child->time.life = child->time.rand = CONF_UNSET;
	child->bytes.life = child->bytes.rand = CONF_UNSET;
	child->packets.life = child->packets.rand = CONF_UNSET;
	if (!child->name)
		return settings_no_memory(loader->error);
	if (section->section_count)
		return keys_unknown_section(loader, section->sections[0], section->name, (const char *const[]){ NULL });
	ret = keys_apply(loader, section, child_keys, KEY_COUNT(child_keys), child);
	return ret ? ret : check_child(loader, section, child);
}

static int build_children(struct loader *loader, const struct settings_section *section, struct conf_connection *connection)
{
	int ret = keys_apply(loader, section, NULL, 0, NULL);

	for (size_t i = 0; i < section->section_count && !ret; i++)
		ret = build_child(loader, section->sections[i], connection);
	return ret;
}

/* One of local or remote, by its prefix; more would be several rounds (RFC 4739). */
static int find_auth(struct loader *loader, const struct settings_section *section, const char *prefix, const struct settings_section **auth)
{
	*auth = NULL;
	for (size_t i = 0; i < section->section_count; i++) {
		if (!begins(section->sections[i], prefix))
			continue;
		if (*auth)
			return settings_fail(loader->error, section->sections[i]->where,
					     "section %.100s: several rounds of authentication are not supported", section->sections[i]->name);
		*auth = section->sections[i];
	}
	return 0;
}

static int build_auths(struct loader *loader, const struct settings_section *section, struct conf_connection *connection)
{
	const struct settings_section none = { .name = section->name, .where = section->where }, *auth;
	int ret = find_auth(loader, section, "local", &auth);

	if (!ret)
		ret = build_auth(loader, auth ? auth : &none, true, &connection->local);
	if (!ret)
		ret = find_auth(loader, section, "remote", &auth);
	if (!ret)
		ret = build_auth(loader, auth ? auth : &none, false, &connection->remote);
	return ret;
}

/* All but children. */
static int build_settings(struct loader *loader, const struct settings_section *section, struct conf_connection *connection)
{
	int ret = keys_digest_begin(loader), end;

	if (!ret)
		ret = keys_apply(loader, section, connection_keys, KEY_COUNT(connection_keys), connection);
	if (!ret)
		ret = build_auths(loader, section, connection);
	end = keys_digest_end(loader, connection->digest);
	return ret ? ret : end;
}

static int build_connection(struct loader *loader, const struct settings_section *section)
{
	struct conf_connection *connection = calloc(1, sizeof(*connection));
	struct conf *conf = loader->conf;
	int ret;

	if (!connection || settings_grow(&conf->connections, conf->connection_count, sizeof(connection))) {
		free(connection);
		return settings_no_memory(loader->error);
	}
	conf->connections[conf->connection_count++] = connection;
	connection->conf = conf;
	connection->where = section->where;
	connection->reauth_time_s = connection->rekey_time_s = connection->over_time_s = connection->rand_time_s = CONF_UNSET;
	connection->name = strdup(section->name);
	if (!connection->name)
		return settings_no_memory(loader->error);
	ret = build_settings(loader, section, connection);
	for (size_t i = 0; i < section->section_count && !ret; i++) {
		const struct settings_section *sub = section->sections[i];

		if (!strcmp(sub->name, "children"))
			ret = build_children(loader, sub, connection);
		else if (!begins(sub, "local") && !begins(sub, "remote"))
			ret = keys_unknown_section(loader, sub, section->name, (const char *const[]){ "children", "local", "remote", NULL });
	}
	return ret ? ret : check_connection(loader, section, connection);
}

int build_connections(struct loader *loader, const struct settings_section *section)
{
	int ret = keys_apply(loader, section, NULL, 0, NULL);

	for (size_t i = 0; i < section->section_count && !ret; i++)
		ret = build_connection(loader, section->sections[i]);
	return ret ? ret : check_reqids(loader);
}
