/* SPDX-License-Identifier: Apache-2.0 */
/* swanctl.conf to struct conf: every key, its default, what is derived from others, and the sentences of errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf.h"

static char error[CONF_ERROR_LEN];

static struct conf *parse(const char *text)
{
	struct conf *conf = conf_parse("dir/f", text, strlen(text), error);

	if (!conf)
		fail_msg("%s\n%s", text, error);
	return conf;
}

static void parse_fails(const char *text, const char *expected)
{
	assert_null(conf_parse("f", text, strlen(text), error));
	if (!strstr(error, expected))
		fail_msg("%s\n%s", text, error);
}

/* A configuration of one connection and one child, with these lines inside. */
static struct conf *with(const char *connection, const char *child)
{
	char text[4096];

	snprintf(text, sizeof(text), "connections { c {\n%s\nchildren { n {\n%s\n} } } }", connection, child);
	return parse(text);
}

static void with_fails(const char *connection, const char *child, const char *expected)
{
	char text[4096];

	snprintf(text, sizeof(text), "connections { c {\n%s\nchildren { n {\n%s\n} } } }", connection, child);
	parse_fails(text, expected);
}

#define CONN(conf) (*(conf)->connections[0])
#define CHILD(conf) (*(conf)->connections[0]->children[0])

/* The defaults of swanctl.conf(5), 5.9.8. */
static void test_defaults(void **unused)
{
	struct conf *conf = with("", "");
	const struct conf_connection *c = &CONN(conf);
	const struct conf_child *n = &CHILD(conf);

	(void)unused;
	assert_int_equal(conf->connection_count, 1);
	assert_string_equal(c->name, "c");
	assert_string_equal(c->where.file, "dir/f");
	assert_int_equal(c->where.line, 1);
	assert_int_equal(c->local_addrs.count, 1);
	assert_true(c->local_addrs.items[0].any && c->remote_addrs.items[0].any);
	assert_int_equal(c->local_port, 0);
	assert_int_equal(c->remote_port, 500);
	assert_true(c->proposals->count >= 1);
	assert_int_equal(c->proposals->list[0].protocol, IKE_PROTO_IKE);
	assert_false(c->encap || c->ppk_required || c->ppk_id);
	assert_int_equal(c->dpd_delay_s, 0);
	assert_int_equal(c->fragmentation, CONF_FRAGMENT_YES);
	assert_int_equal(c->childless, CONF_CHILDLESS_ALLOW);
	assert_true(c->send_certreq);
	assert_int_equal(c->send_cert, CONF_CERT_IFASKED);
	assert_int_equal(c->keyingtries, 1);
	assert_int_equal(c->unique, CONF_UNIQUE_NO);
	assert_int_equal(c->reauth_time_s, 0);
	assert_int_equal(c->rekey_time_s, 14400);
	assert_int_equal(c->over_time_s, 1440);
	assert_int_equal(c->rand_time_s, 1440);
	assert_int_equal(c->local.method, CONF_AUTH_PUBKEY);
	assert_int_equal(c->remote.method, CONF_AUTH_PUBKEY);
	assert_int_equal(c->local.ike.count + c->remote.ike.count + c->remote.chain.count, 0);
	assert_null(c->local.id);
	assert_int_equal(c->remote.revocation, CONF_REVOCATION_RELAXED);
	assert_int_equal(c->child_count, 1);
	assert_string_equal(n->name, "n");
	assert_ptr_equal(n->connection, c);
	assert_true(n->local_ts.items[0].dynamic && n->remote_ts.items[0].dynamic);
	assert_int_equal(n->local_ts.items[0].ts.port_hi, 65535);
	assert_int_equal(n->esp_proposals->list[0].protocol, IKE_PROTO_ESP);
	assert_int_equal(n->mode, CONF_TUNNEL);
	assert_int_equal(n->start_action + n->close_action + n->dpd_action, 0);
	assert_int_equal(n->time.rekey, 3600);
	assert_int_equal(n->time.life, 3960);
	assert_int_equal(n->time.rand, 360);
	assert_int_equal(n->bytes.rekey + n->bytes.life + n->bytes.rand + n->packets.rekey + n->packets.life + n->packets.rand, 0);
	assert_int_equal(n->replay_window, 32);
	assert_true(n->copy_df);
	assert_int_equal(n->reqid + n->priority, 0);
	conf_free(conf);
}

/* ---- keys with one number, flag or word ----------------------------------------------------------------------------------- */

struct plain {
	const char *line;
	size_t offset, size;
	uint64_t value;
};

#define C(line, member, value) { line, offsetof(struct conf_connection, member), sizeof(((struct conf_connection *)0)->member), value }
#define N(line, member, value) { line, offsetof(struct conf_child, member), sizeof(((struct conf_child *)0)->member), value }

static const struct plain connection_lines[] = {
	C("local_port = 1500", local_port, 1500),
	C("remote_port = 0x1194", remote_port, 4500),
	C("remote_port = 65535", remote_port, 65535),
	C("encap = yes", encap, 1),
	C("encap = TRUE", encap, 1),
	C("encap = enabled", encap, 1),
	C("encap = 1", encap, 1),
	C("encap = Disabled", encap, 0),
	C("encap = 0", encap, 0),
	C("dpd_delay = 30", dpd_delay_s, 30),
	C("dpd_delay = 2m\ndpd_timeout = 10s", dpd_delay_s, 120),
	C("fragmentation = accept", fragmentation, CONF_FRAGMENT_ACCEPT),
	C("fragmentation = force", fragmentation, CONF_FRAGMENT_FORCE),
	C("fragmentation = no", fragmentation, CONF_FRAGMENT_NO),
	C("fragmentation = yes", fragmentation, CONF_FRAGMENT_YES),
	C("childless = force", childless, CONF_CHILDLESS_FORCE),
	C("childless = never", childless, CONF_CHILDLESS_NEVER),
	C("send_certreq = no", send_certreq, 0),
	C("send_cert = always", send_cert, CONF_CERT_ALWAYS),
	C("send_cert = never", send_cert, CONF_CERT_NEVER),
	C("ppk_required = yes", ppk_required, 1),
	C("keyingtries = 0", keyingtries, 0),
	C("unique = never", unique, CONF_UNIQUE_NEVER),
	C("unique = keep", unique, CONF_UNIQUE_KEEP),
	C("unique = replace", unique, CONF_UNIQUE_REPLACE),
	C("rekey_time = 1d", rekey_time_s, 86400),
	C("rekey_time = 90 m", rekey_time_s, 5400),
	C("rekey_time = 0", rekey_time_s, 0),
	C("rekey_time = 0", over_time_s, 0),
	C("rekey_time = 10h", over_time_s, 3600),
	C("rekey_time = 10h", rand_time_s, 3600),
	C("reauth_time = 10h", rekey_time_s, 0), /* that one alone */
	C("reauth_time = 10h", reauth_time_s, 36000),
	C("reauth_time = 10h\nrekey_time = 1h", over_time_s, 3600),
	C("reauth_time = 10h\nrekey_time = 1h", rand_time_s, 1800), /* half of the earlier one at most */
	C("rekey_time = 10h\nover_time = 5m", rand_time_s, 300),
	C("rekey_time = 10h\nover_time = 5m\nrand_time = 1h", rand_time_s, 3600),
	C("version = 2\nmobike = no\naggressive = no\npull = yes\nif_id_in = 0", rekey_time_s, 14400),
	C("version = 0", rekey_time_s, 14400),
	C("local_port =", local_port, 0),
};

static const struct plain child_lines[] = {
	N("mode = transport", mode, CONF_TRANSPORT),
	N("mode = pass", mode, CONF_PASS),
	N("mode = drop", mode, CONF_DROP),
	N("start_action = trap", start_action, CONF_ACTION_TRAP),
	N("start_action = start", start_action, CONF_ACTION_START),
	N("start_action = trap|start", start_action, CONF_ACTION_TRAP | CONF_ACTION_START),
	N("close_action = trap", close_action, CONF_ACTION_TRAP),
	N("close_action = none", close_action, 0),
	N("dpd_action = trap", dpd_action, CONF_ACTION_TRAP),
	N("dpd_action = restart", dpd_action, CONF_ACTION_START),
	N("dpd_action = start", dpd_action, CONF_ACTION_START),
	N("dpd_action = none", dpd_action, 0),
	N("dpd_action = clear", dpd_action, 0),
	N("dpd_action = trap|none", dpd_action, CONF_ACTION_TRAP),
	N("start_action = trap | start", start_action, CONF_ACTION_TRAP | CONF_ACTION_START),
	N("start_action = START|Trap", start_action, CONF_ACTION_TRAP | CONF_ACTION_START),
	N("start_action = route", start_action, CONF_ACTION_TRAP),
	N("close_action = clear", close_action, 0),
	N("mode = Transport", mode, CONF_TRANSPORT),
	N("replay_window = -1", replay_window, 32),
	N("rekey_time = 10m", time.rekey, 600),
	N("rekey_time = 10m", time.life, 660),
	N("rekey_time = 10m", time.rand, 60),
	N("rekey_time = 10m\nlife_time = 15m", time.rand, 300),
	N("rekey_time = 10m\nlife_time = 30m", time.rand, 300), /* not before half of it */
	N("rekey_time = 10m\nlife_time = 15m\nrand_time = 1m", time.rand, 60),
	N("rekey_time = 10m\nlife_time = 10m", time.rand, 0),
	N("rekey_time = 0", time.life, 0),
	N("rekey_time = 0\nlife_time = 1h", time.life, 3600),
	N("rekey_bytes = 500000000", bytes.rekey, 500000000),
	N("rekey_bytes = 2k", bytes.rekey, 2048),
	N("rekey_bytes = 2 M", bytes.life, 2306867),
	N("rekey_bytes = 2G", bytes.rand, 214748364),
	N("rekey_bytes = 1g\nlife_bytes = 3g", bytes.life, 3221225472),
	N("rekey_bytes = 1g\nrand_bytes = 0", bytes.rand, 0),
	N("rekey_packets = 1000000", packets.rekey, 1000000),
	N("rekey_packets = 1000000", packets.life, 1100000),
	N("rekey_packets = 1000000\nlife_packets = 1000001", packets.rand, 1),
	N("rekey_packets = 10\nrand_packets = 3", packets.rand, 3),
	N("replay_window = 0", replay_window, 0),
	N("replay_window = 128", replay_window, 128),
	N("copy_df = no", copy_df, 0),
	N("reqid = 4294967295", reqid, 4294967295),
	N("priority = 7", priority, 7),
	N("policies = yes\ncopy_ecn = yes\ncopy_dscp = out\ntfc_padding = 0\ninactivity = 0s\nhw_offload = auto", copy_df, 1),
};

static uint64_t field(const void *object, const struct plain *p)
{
	uint64_t value = 0;

	memcpy(&value, (const char *)object + p->offset, p->size); /* little-endian */
	return value;
}

static void test_plain_keys(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(connection_lines) / sizeof(*connection_lines); i++) {
		struct conf *conf = with(connection_lines[i].line, "");

		if (field(&CONN(conf), &connection_lines[i]) != connection_lines[i].value)
			fail_msg("%s: %llu", connection_lines[i].line, (unsigned long long)field(&CONN(conf), &connection_lines[i]));
		conf_free(conf);
	}
	for (size_t i = 0; i < sizeof(child_lines) / sizeof(*child_lines); i++) {
		struct conf *conf = with("", child_lines[i].line);

		if (field(&CHILD(conf), &child_lines[i]) != child_lines[i].value)
			fail_msg("%s: %llu", child_lines[i].line, (unsigned long long)field(&CHILD(conf), &child_lines[i]));
		conf_free(conf);
	}
}

/* ---- addresses, selectors, proposals -------------------------------------------------------------------------------------- */

static void test_addresses(void **unused)
{
	struct conf *conf = with("local_addrs = 192.0.2.1 , 2001:db8::1,10.0.0.0/8\nremote_addrs = %any,10.1.0.5-10.1.0.9, %any6, 0.0.0.0", "");
	const struct conf_addrs *local = &CONN(conf).local_addrs, *remote = &CONN(conf).remote_addrs;
	char text[TS_TEXT_LEN];

	(void)unused;
	assert_int_equal(local->count, 3);
	assert_true(local->items[0].single && local->items[1].single && !local->items[2].single);
	assert_string_equal(ip_print(&local->items[0].range.lo, text), "192.0.2.1");
	assert_string_equal(ip_print(&local->items[1].range.lo, text), "2001:db8::1");
	assert_string_equal(ip_print(&local->items[2].range.hi, text), "10.255.255.255");
	assert_int_equal(remote->count, 4);
	assert_true(remote->items[0].any && remote->items[2].any && remote->items[3].any && !remote->items[1].any);
	assert_int_equal(remote->items[0].range.lo.family, 0);
	assert_int_equal(remote->items[2].range.lo.family, 6);
	assert_int_equal(remote->items[3].range.lo.family, 4);
	assert_string_equal(ip_print(&remote->items[1].range.hi, text), "10.1.0.9");
	conf_free(conf);
	with_fails("local_addrs = gw.example.org", "", "f:2: local_addrs = gw.example.org: addresses");
	with_fails("local_addrs = 10.0.0.0/8[tcp]", "", "f:2: local_addrs");
	with_fails("local_addrs = ,", "", "f:2: local_addrs");
}

static void test_selectors(void **unused)
{
	struct conf *conf = with("", "local_ts = 10.1.0.0/16, dynamic[tcp/80]\nremote_ts = 2001:db8::/32[udp/53], 10.0.0.1-10.0.0.9");
	const struct conf_selectors *local = &CHILD(conf).local_ts, *remote = &CHILD(conf).remote_ts;
	char text[TS_TEXT_LEN];

	(void)unused;
	assert_int_equal(local->count, 2);
	assert_false(local->items[0].dynamic);
	assert_string_equal(ts_print(&local->items[0].ts, text), "10.1.0.0/16");
	assert_true(local->items[1].dynamic);
	assert_int_equal(local->items[1].ts.proto, 6);
	assert_int_equal(local->items[1].ts.port_lo, 80);
	assert_int_equal(local->items[1].ts.port_hi, 80);
	assert_int_equal(local->items[1].ts.lo.family, 0);
	assert_int_equal(remote->count, 2);
	assert_int_equal(remote->items[0].ts.proto, 17);
	assert_string_equal(ts_print(&remote->items[1].ts, text), "10.0.0.1-10.0.0.9");
	conf_free(conf);
	with_fails("", "local_ts = dynamics", "f:4: local_ts");
	with_fails("", "local_ts = dynamic[tcp/80", "f:4: local_ts");
	with_fails("", "local_ts = 10.0.0.0/33", "f:4: local_ts");
	with_fails("", "remote_ts = 10.1/16,10.2.0.0/16,10.3.0.0/16", "f:4: remote_ts");
	with_fails("", "remote_ts = ::1,::2,::3,::4,::5,::6,::7,::8,::9,::a,::b,::c,::d,::e,::f,::10,::11", "f:4: remote_ts");
}

static void test_proposals(void **unused)
{
	struct conf *conf = with("proposals = aes256gcm16-prfsha384-ecp256, aes128-sha256-modp2048", "esp_proposals = aes128gcm16-x25519-esn");
	char text[PROPOSAL_TEXT_LEN];

	(void)unused;
	assert_int_equal(CONN(conf).proposals->count, 2);
	assert_string_equal(proposal_words(&CONN(conf).proposals->list[0], text), "aes256gcm16-prfsha384-ecp256");
	assert_int_equal(CHILD(conf).esp_proposals->count, 1);
	conf_free(conf);
	conf = parse("connections { a { children { n { } m { } } } b { } }");
	assert_ptr_equal(conf->connections[0]->proposals, conf->connections[1]->proposals);
	assert_ptr_equal(conf->connections[0]->children[0]->esp_proposals, conf->connections[0]->children[1]->esp_proposals);
	assert_ptr_not_equal(conf->connections[0]->children[0]->esp_proposals, conf->connections[0]->proposals);
	conf_free(conf);
	with_fails("\nproposals = aes257gcm16-ecp256", "", "f:3: proposals = aes257gcm16-ecp256: ");
	with_fails("", "esp_proposals = rot13", "f:4: esp_proposals = rot13: ");
}

/* ---- authentication ------------------------------------------------------------------------------------------------------- */

static void test_auth(void **unused)
{
	struct conf *conf = with("local-1 { auth = psk\n id = \"C=CH, O=Linux strongSwan, CN=moon\"\n }\nremote { auth = psk\n"
					  " id = *.test\n round = 1\n }", "");

	(void)unused;
	assert_int_equal(CONN(conf).local.method, CONF_AUTH_PSK);
	assert_string_equal(CONN(conf).local.id, "C=CH, O=Linux strongSwan, CN=moon");
	assert_int_equal(CONN(conf).local.where.line, 2);
	assert_string_equal(CONN(conf).remote.id, "*.test");
	conf_free(conf);
}

/* rules as "key/bits/hash+hash ..." */
static void print_rules(const struct conf_auth_rules *rules, char *text)
{
	static const char *const keys[] = { "any", "rsa", "pss", "ecdsa", "ed25519" }, *const hashes[] = { "256", "384", "512", "id" };

	*text = '\0';
	for (unsigned int i = 0; i < rules->count; i++) {
		const struct conf_auth_rule *rule = &rules->items[i];

		text += sprintf(text, "%s%s/%u/", i ? " " : "", keys[rule->key], rule->min_bits);
		for (unsigned int k = 0; k < rule->hash_count; k++)
			text += sprintf(text, "%s%s", k ? "+" : "", hashes[rule->hashes[k]]);
	}
}

static void test_auth_rules(void **unused)
{
	static const struct {
		const char *auth, *ike, *chain;
	} cases[] = {
		{ "pubkey", "", "" },
		{ "pubkey-sha256-sha512", "any/0/256+512", "any/0/256+512" },
		{ "rsa-2048-sha256-sha384-sha512", "rsa/2048/256+384+512", "rsa/2048/256+384+512" },
		{ "rsa-2048-sha256-ecdsa-256-sha256-sha384", "rsa/2048/256 ecdsa/256/256+384", "rsa/2048/256 ecdsa/256/256+384" },
		{ "rsa/pss-sha256", "pss/0/256", "pss/0/256" },
		{ "rsa/pss", "pss/0/", "pss/0/" },
		{ "ecdsa-384", "ecdsa/384/", "ecdsa/384/" },
		{ "ed25519", "ed25519/0/", "ed25519/0/" },
		{ "ed25519-identity", "ed25519/0/id", "ed25519/0/id" },
		{ "ike:pubkey-sha384-sha256", "any/0/384+256", "" },
		{ "ike:rsa/pss-sha256", "pss/0/256", "" },
		{ "pubkey-sha256-ike:ecdsa-sha384", "ecdsa/0/384", "any/0/256" },
		{ "ike:pubkey-rsa-sha512", "", "rsa/0/512" },
	};
	static const char *const bad[] = { "eap", "xauth", "psk-sha256", "sha256", "pubkey-", "pubkey-sha1", "pubkey-md5", "pubkey-2048",
			"rsa-0", "rsa-99999",
					   "rsa-2048-4096", "ike:psk", "ike:", "pubkey-sha256-sha256", "rsa-identity", "ed25519-sha256", "PSK",
					   "rsa-rsa-rsa-rsa-rsa-rsa-rsa-rsa-rsa", "" };
	char line[256], rules[256];

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct conf *conf;

		snprintf(line, sizeof(line), "remote { auth = %s\n}", cases[i].auth);
		conf = with(line, "");
		assert_int_equal(CONN(conf).remote.method, CONF_AUTH_PUBKEY);
		print_rules(&CONN(conf).remote.ike, rules);
		assert_string_equal(rules, cases[i].ike);
		print_rules(&CONN(conf).remote.chain, rules);
		assert_string_equal(rules, cases[i].chain);
		conf_free(conf);
	}
	for (size_t i = 0; *bad[i]; i++) {
		snprintf(line, sizeof(line), "local { auth = %s\n}", bad[i]);
		with_fails(line, "", "f:2: auth = ");
	}
}

static void check_list(const struct conf_list *list, const char *expected)
{
	char text[512] = "";

	for (size_t i = 0; i < list->count; i++)
		strcat(strcat(text, i ? " " : ""), list->items[i]);
	assert_string_equal(text, expected);
}

static void test_files(void **unused)
{
	struct conf *conf = with("local { certs = a.pem, /abs/b.pem\n cert-1 { file = c.pem\n } }\n"
				 "remote { certs = d.pem\n cacerts = ca.pem,/abs/ca2.pem\n cacert1 { file = ca3.pem\n }\n"
				 " revocation = strict\n }", "");

	(void)unused;
	check_list(&CONN(conf).local.certs, "dir/x509/a.pem /abs/b.pem dir/x509/c.pem");
	check_list(&CONN(conf).remote.certs, "dir/x509/d.pem");
	check_list(&CONN(conf).remote.cacerts, "dir/x509ca/ca.pem /abs/ca2.pem dir/x509ca/ca3.pem");
	assert_int_equal(CONN(conf).remote.revocation, CONF_REVOCATION_STRICT);
	conf_free(conf);
	with_fails("local { cert1 { handle = 00\n file = x\n } }", "", "f:2: handle is not supported");
	with_fails("local { cert1 { } }", "", "f:2: section cert1 needs file");
	with_fails("local { cacert1 { file = x\n } }", "", "f:2: unknown section cacert1 in local");
	with_fails("local { auth = psk\n certs = x\n }", "", "f:2: section local has auth = psk and certificates");
}

/* ---- secrets, authorities ------------------------------------------------------------------------------------------------- */

static void test_secrets(void **unused)
{
	static const uint8_t hex[] = { 0x0c, 0xff, 0x00, 0x45 };
	struct conf *conf = parse("secrets {\n ike { secret = \"a b\"\n }\n ike-1 { secret = 0x0CfF0045\n id = moon.test\n"
					  " id-2 = \"C=CH, CN=x\"\n id3 = 10.0.0.1\n }\n"
				  " ike2 { secret = 0sZm9vYmFy\n }\n ike3 { secret = 0sZm8=\n }\n ppk1 { secret = 0szQ==\n id = ppk\n }\n"
				  " private1 { file = k.pem\n secret = \"pass word\"\n }\n ecdsa { file = /abs/e.pem\n }\n rsa { file = r\n"
				  " }\n pkcs8-x { file = p\n }\n}\n"
				  "authorities { ca { cacert = ca.pem\n crl_uris = file:///a.crl, file:///b.crl\n }\n b { file = /ca.pem\n } }");

	(void)unused;
	assert_int_equal(conf->secret_count, 5);
	assert_int_equal(conf->secrets[0]->len, 3);
	assert_memory_equal(conf->secrets[0]->bytes, "a b", 3);
	assert_int_equal(conf->secrets[0]->kind, CONF_SECRET_IKE);
	assert_int_equal(conf->secrets[0]->ids.count, 0);
	assert_int_equal(conf->secrets[1]->len, sizeof(hex));
	assert_memory_equal(conf->secrets[1]->bytes, hex, sizeof(hex));
	assert_int_equal(conf->secrets[1]->ids.count, 3);
	assert_string_equal(conf->secrets[1]->ids.items[1], "C=CH, CN=x");
	assert_int_equal(conf->secrets[2]->len, 6);
	assert_memory_equal(conf->secrets[2]->bytes, "foobar", 6); /* RFC 4648, 10 */
	assert_int_equal(conf->secrets[3]->len, 2);
	assert_memory_equal(conf->secrets[3]->bytes, "fo", 2);
	assert_int_equal(conf->secrets[4]->kind, CONF_SECRET_PPK);
	assert_int_equal(conf->secrets[4]->len, 1);
	assert_string_equal(conf->secrets[4]->name, "ppk1");
	assert_int_equal(conf->key_count, 4);
	assert_string_equal(conf->keys[0]->path, "dir/private/k.pem");
	assert_string_equal(conf->keys[0]->passphrase, "pass word");
	assert_string_equal(conf->keys[1]->path, "/abs/e.pem");
	assert_null(conf->keys[1]->passphrase);
	assert_string_equal(conf->keys[2]->path, "dir/rsa/r");
	assert_string_equal(conf->keys[3]->path, "dir/pkcs8/p");
	assert_int_equal(conf->authority_count, 2);
	assert_string_equal(conf->authorities[0]->cacert, "dir/x509ca/ca.pem");
	check_list(&conf->authorities[0]->crls, "/a.crl /b.crl");
	assert_string_equal(conf->authorities[1]->cacert, "/ca.pem");
	conf_free(conf);
}

/* Errors about secrets do not show them. */
static void test_bad_secrets(void **unused)
{
	static const char *const bad[] = { "0xXYZW", "0x123", "0x", "0s", "0sXYZ", "0s=XYZ", "0sXY=Z", "0sX===", "0sAAAAX===", "0sXY Z", "\"\"", "0sXYZ\\n" };
	char text[256];

	(void)unused;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(text, sizeof(text), "secrets {\n\n ike {\n secret = %s\n } }", bad[i]);
		parse_fails(text, !strcmp(bad[i], "\"\"") ? "f:3: section ike needs secret" : "f:4: secret: ");
		assert_null(strstr(error, "XY"));
	}
	parse_fails("secrets { ike { id = a\n } }", "f:1: section ike needs secret");
	parse_fails("secrets { eap-x { secret = s\n } }", "eap are not supported");
	parse_fails("secrets { ikf { secret = s\n } }", "unknown section ikf in secrets, did you mean ike?");
	parse_fails("secrets { ike { secret = s\n ids { } } }", "f:2: unknown section ids in ike");
	parse_fails("secrets { private { secret = s\n } }", "section private needs file");
	parse_fails("authorities { a { } }", "f:1: authority a needs cacert");
	parse_fails("authorities { a { cacert = b\n file = c\n } }", "f:2: file says again");
	parse_fails("authorities { a { cacert = b\n crl_uris = http://crl\n } }", "f:2: crl_uris = http://crl: file:///PATH is wanted");
	parse_fails("authorities { a { cacert = b\n crl_uris = file://crl\n } }", "f:2: crl_uris = file://crl: file:///PATH is wanted");
	parse_fails("authorities { a { cacert = b\n ocsp_uris = http://o\n } }", "f:2: ocsp_uris is not supported");
}

/* ---- errors --------------------------------------------------------------------------------------------------------------- */

static void test_errors(void **unused)
{
	static const char *const connection[][2] = {
		{ "version = 1", "f:2: version = 1 is not supported, only: 0 2" },
		{ "\n\nmobike = yes", "f:4: mobike = yes is not supported, only: no" },
		{ "propsals = x", "f:2: unknown key propsals in section c, did you mean proposals?" },
		{ "completely_unknown_key = x", "f:2: unknown key completely_unknown_key in section c" },
		{ "childen { }", "f:2: unknown section childen in c, did you mean children?" },
		{ "encap = maybe", "f:2: encap = maybe: yes or no is wanted" },
		{ "local_port = 65536", "f:2: local_port = 65536 is out of range, 0 to 65535" },
		{ "remote_port = 0", "f:2: remote_port = 0 is out of range, 1 to 65535" },
		{ "remote_port = -1", "f:2: remote_port = -1: a number is wanted" },
		{ "remote_port = 0x", "f:2: remote_port = 0x: a number is wanted" },
		{ "dpd_delay = 5x", "f:2: dpd_delay = 5x: a time is wanted" },
		{ "dpd_delay = 5ms", "f:2: dpd_delay = 5ms: a time is wanted" },
		{ "dpd_timeout = soon", "f:2: dpd_timeout = soon: a time is wanted" },
		{ "rekey_time = 99999999999999999999", "f:2: rekey_time = 99999999999999999999 is out of range" },
		{ "rekey_time = 999999999999999999d", "f:2: rekey_time = 999999999999999999d is out of range" },
		{ "rekey_time = 213503982334602d", "f:2: rekey_time = 213503982334602d is out of range" }, /* 61184 s more than 2^64 s */
		{ "fragmentation = perhaps", "f:2: fragmentation = perhaps: one of these is wanted: yes accept force no" },
		{ "unique = yes no", "f:2: unique = yes no: one of these is wanted" },
		{ "vips = 0.0.0.0", "f:2: vips is not supported" },
		{ "if_id_in = 3", "f:2: if_id_in = 3 is not supported, only: 0" },
		{ "rekey_time = 1h\nrand_time = 1h", "f:3: rand_time is not less than rekey_time and reauth_time (3600)" },
		{ "rekey_time = 10h\nreauth_time = 1h\nrand_time = 2h", "f:4: rand_time is not less than" },
		{ "local1 { }\nlocal2 { }", "f:3: section local2: several rounds" },
		{ "remote { eap_id = %any\n }", "f:2: eap_id is not supported" },
		{ "remote { revocation = maybe\n }", "f:2: revocation = maybe: one of these is wanted" },
		{ "local { cacerts = x\n }", "f:2: unknown key cacerts in section local, did you mean certs?" },
		{ "local { idd = x\n }", "f:2: unknown key idd in section local, did you mean id?" },
		{ "children = x", "f:2: unknown key children" },
	};
	static const char *const child[][2] = {
		{ "mode = beet", "f:4: mode = beet: one of these is wanted: tunnel transport pass drop" },
		{ "mode = pass\nstart_action = trap|start", "f:5: mode = pass has nothing to start: start_action = trap puts the policy in force" },
		{ "start_action = star", "f:4: start_action = star: none (clear), trap (route), start (restart) or trap|start is wanted" },
		{ "start_action = trap|route", "f:4: start_action = trap|route: " },
		{ "start_action = |", "f:4: start_action = |: " },
		{ "replay_window = -2", "f:4: replay_window = -2: " },
		{ "rekey_bytes = 5t", "f:4: rekey_bytes = 5t: a number is wanted" },
		{ "rekey_bytes = 18446744073709551615g", "out of range" },
		{ "life_time = 30m", "f:4: life_time is less than rekey_time (3600)" },
		{ "rekey_packets = 10\nlife_packets = 9", "f:5: life_packets is less than rekey_packets" },
		{ "rekey_bytes = 10\nrand_bytes = 10", "f:5: rand_bytes is not less than rekey_bytes" },
		{ "replay_window = 100000", "f:4: replay_window = 100000 is out of range, 0 to 65536" },
		{ "ah_proposals = sha256", "f:4: ah_proposals is not supported" },
		{ "mark_in = 5", "f:4: mark_in is not supported" },
		{ "copy_ecn = no", "f:4: copy_ecn = no is not supported, only: yes" },
		{ "rekey_tim = 5", "f:4: unknown key rekey_tim in section n, did you mean rekey_time?" },
		{ "sub { }", "f:4: unknown section sub in n" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(connection) / sizeof(*connection); i++)
		with_fails(connection[i][0], "", connection[i][1]);
	for (size_t i = 0; i < sizeof(child) / sizeof(*child); i++)
		with_fails("", child[i][0], child[i][1]);
	parse_fails("\nconections {\n}", "f:2: unknown section conections in the file, and no section refers to it, did you mean connections?");
	parse_fails("\n\nx = y\n", "f:3: unknown key x: it is in no section");
	parse_fails("connections {\n a = b\n}", "f:2: unknown key a in section connections");
	parse_fails("pools {\n}", "f:1: pools of virtual addresses are not supported");
	parse_fails("connections { a { children { n {\n reqid = 5\n } } } b { children {\n m {\n reqid = 5\n } } } }",
		    "children n and m have the same reqid 5");
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------ */

static const char whole[] =
	"child-defaults {\n esp_proposals = aes256gcm16-x25519\n start_action = trap\n}\n"
	"connections {\n  # gateway to gateway\n  gw {\n    local_addrs = 192.0.2.1\n    remote_addrs = 192.0.2.2\n"
	"    proposals = aes256gcm16-prfsha384-ecp256\n"
	"    local { auth = pubkey\n id = \"C=CH, CN=a\"\n certs = a.pem\n }\n    remote { auth = ecdsa-256-sha256\n id = %any\n }\n"
	"    children {\n      net : child-defaults {\n        local_ts = 10.1.0.0/16\n        remote_ts = 10.2.0.0/16[tcp/443]\n      }\n"
	"      both : child-defaults { }\n    }\n  }\n"
	"  road {\n    remote_addrs = 203.0.113.0/24\n    ppk_id = \"p\"\n    children { both { rekey_bytes = 1g\n } } }\n}\n"
	"secrets { ike-a { secret = \"x y\"\n id = a\n } ppk { secret = 0x00ff\n } }\n"
	"authorities { ca { cacert = ca.pem\n crl_uris = file:///c.crl\n } }\n";

static void test_find(void **unused)
{
	struct conf *conf = parse(whole), *again = conf_ref(conf);

	(void)unused;
	conf_free(again);
	assert_ptr_equal(conf_find_connection(conf, "road"), conf->connections[1]);
	assert_null(conf_find_connection(conf, "roa"));
	assert_string_equal(conf->connections[1]->ppk_id, "p");
	assert_int_equal(conf->connections[0]->children[0]->start_action, CONF_ACTION_TRAP);
	assert_ptr_equal(conf_find_child(conf, "net", error), conf->connections[0]->children[0]);
	assert_ptr_equal(conf_find_child(conf, "road/both", error), conf->connections[1]->children[0]);
	assert_ptr_equal(conf_find_child(conf, "gw/both", error), conf->connections[0]->children[1]);
	assert_null(conf_find_child(conf, "both", error));
	assert_non_null(strstr(error, "child both is in connections gw and road"));
	assert_null(conf_find_child(conf, "g/both", error));
	assert_null(conf_find_child(conf, "gw/", error));
	assert_null(conf_find_child(conf, "none", error));
	assert_non_null(strstr(error, "no child none"));
	conf_free(conf);
	conf_free(NULL);
}

/* Every beginning of a configuration, and every byte of it replaced, is a configuration or an error with a sentence. */
static void test_damaged(void **unused)
{
	char text[sizeof(whole)];
	size_t len = strlen(whole);

	(void)unused;
	for (size_t cut = 0; cut < len; cut++) {
		struct conf *conf = conf_parse("f", whole, cut, error);

		assert_true(conf || !strncmp(error, "f:", 2));
		conf_free(conf);
	}
	for (size_t i = 0; i < len; i++)
		for (const char *c = "{}=#\"\\ \n:,0x"; *c; c++) {
			struct conf *conf;

			memcpy(text, whole, len);
			text[i] = *c;
			conf = conf_parse("f", text, len, error);
			assert_true(conf || !strncmp(error, "f:", 2));
			conf_free(conf);
		}
}

/* ---- from files ----------------------------------------------------------------------------------------------------------- */

static char directory[] = "/tmp/ike_conf.XXXXXX";

static void write_file(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int make_directories(void **unused)
{
	static const char *const names[] = { "x509", "x509ca", "x509crl", "private", "ecdsa", "x509ca/sub" };
	char path[256];

	(void)unused;
	if (!mkdtemp(directory))
		return -1;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		if (mkdir(path, 0700))
			return -1;
	}
	return 0;
}

static int remove_directories(void **unused)
{
	char command[256];

	(void)unused;
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command);
}

static void test_load(void **unused)
{
	char path[256], expected[512];
	struct conf *conf;

	(void)unused;
	write_file("x509/b.pem", "");
	write_file("x509/a.pem", "");
	write_file("x509/.hidden", "");
	write_file("x509ca/ca.pem", "");
	write_file("x509crl/c.crl", "");
	write_file("private/k.pem", "");
	write_file("private/l.pem", "");
	write_file("ecdsa/e.pem", "");
	write_file("more.conf", "secrets { private1 { file = l.pem\n secret = p\n } }\n");
	write_file("swanctl.conf", "include more.conf\nconnections { c { } }\n");
	snprintf(path, sizeof(path), "%s/swanctl.conf", directory);
	conf = conf_load(path, error);
	if (!conf)
		fail_msg("%s", error);
	snprintf(expected, sizeof(expected), "%s/x509/a.pem %s/x509/b.pem", directory, directory);
	check_list(&conf->certs, expected);
	snprintf(expected, sizeof(expected), "%s/x509ca/ca.pem", directory);
	check_list(&conf->cacerts, expected);
	snprintf(expected, sizeof(expected), "%s/x509crl/c.crl", directory);
	check_list(&conf->crls, expected);
	snprintf(expected, sizeof(expected), "%s %s/more.conf", path, directory);
	check_list(&conf->files, expected);
	assert_int_equal(conf->key_count, 3);
	assert_string_equal(conf->keys[0]->passphrase, "p");
	assert_string_equal(strrchr(conf->keys[0]->path, '/'), "/l.pem");
	assert_string_equal(strrchr(conf->keys[1]->path, '/'), "/k.pem");
	assert_string_equal(strrchr(conf->keys[2]->path, '/'), "/e.pem");
	assert_null(conf->keys[1]->passphrase);
	conf_free(conf);

	write_file("more.conf", "\nsecrets {\n lost { }\n}\n");
	assert_null(conf_load(path, error));
	assert_non_null(strstr(error, "/more.conf:3: unknown section lost"));
	assert_null(conf_load("/nonexistent/swanctl.conf", error));
	assert_non_null(strstr(error, "/nonexistent/swanctl.conf cannot be read: No such file"));
}

/* ---- what of a connection is equal in two files --------------------------------------------------------------------------- */

static void check_digest(const char *a, const char *b, bool equal)
{
	struct conf *first = with(a, ""), *second = with(b, "mode = transport");

	if (!memcmp(CONN(first).digest, CONN(second).digest, CONF_DIGEST_LEN) != equal)
		fail_msg("The digests of '%s' and '%s' are %s.", a, b, equal ? "different" : "equal");
	conf_free(first);
	conf_free(second);
}

/* Every key of a connection but the times and those without effect; and local and remote. */
static void test_digest(void **unused)
{
	static const char *const others[] = {
		"local_addrs = 192.0.2.1", "remote_addrs = 192.0.2.1", "local_port = 7", "remote_port = 7", "proposals = aes256gcm16-prfsha384-x25519",
		"encap = yes", "dpd_delay = 1", "fragmentation = no", "childless = never", "send_certreq = no", "send_cert = always", "ppk_id = x",
		"ppk_required = yes", "keyingtries = 2", "unique = keep", "local { auth = psk }", "remote { auth = psk }", "local { id = x }",
		"remote { id = x }", "local { certs = x }", "remote { certs = x }", "remote { cacerts = x }", "remote { revocation = strict }",
		"local { cert1 { file = x } }", "remote { cert1 { file = x } }", "remote { cacert1 { file = x } }", "remote { auth = rsa-2048 }",
	};

	(void)unused;
	check_digest("", "", true);
	check_digest("", "rekey_time = 1h\nreauth_time = 2h\nover_time = 5m\nrand_time = 1m\nversion = 2\nmobike = no", true);
	check_digest("", "local_addrs = %any\nproposals = default\nencap = no\nsend_cert = ifasked\nkeyingtries = 1", true);
	check_digest("dpd_delay = 60", "dpd_delay = 1m", true);
	check_digest("encap = yes", "encap = 1", true);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		check_digest("", others[i], false);
		check_digest(others[i], others[i], true);
		for (size_t k = 0; k < i; k++)
			check_digest(others[k], others[i], false);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),  cmocka_unit_test(test_plain_keys),  cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_selectors),
		cmocka_unit_test(test_proposals), cmocka_unit_test(test_auth),	      cmocka_unit_test(test_auth_rules),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_secrets),	  cmocka_unit_test(test_bad_secrets), cmocka_unit_test(test_errors),
		cmocka_unit_test(test_find),	  cmocka_unit_test(test_digest),
		cmocka_unit_test(test_damaged),	  cmocka_unit_test(test_load),
	};

	return cmocka_run_group_tests(tests, make_directories, remove_directories);
}
