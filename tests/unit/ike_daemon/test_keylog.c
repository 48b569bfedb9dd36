/* SPDX-License-Identifier: Apache-2.0 */
/* What --keylog writes: tshark reads it and decrypts, with it, what two strongSwan daemons said (their keys, from their own log). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/keylog.h"
#include "recorded.h"

#define FOLDER "tests/unit/ike_daemon/"

static char directory[64];

static int make_directory(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/espalier-keylog-XXXXXX");
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return system(command);
}

static void write_keys(struct keylog *keylog, const struct recorded *r)
{
	struct agent_ike_secrets secrets = {
		.spi_i = r->spi_i,
		.spi_r = r->spi_r,
		.encr = r->encr,
		.encr_bits = r->encr_bits,
		.integ = r->integ,
		.sk_ei = r->sk_ei,
		.sk_er = r->sk_er,
		.sk_ai = r->sk_ai,
		.sk_ar = r->sk_ar,
		.encr_len = r->encr_len,
		.integ_len = r->integ_len,
	};

	assert_int_equal(keylog_ike(keylog, &secrets), 0);
	for (int i = 0; i < 2; i++) {
		const struct recorded_esp *e = &r->esp[i];
		struct sink_sa sa = { .spi = e->spi, .aead = SINK_AES_GCM_16_256, .key_len = e->key_len };

		if (e->key_len == 20)
			sa.aead = SINK_AES_GCM_16_128;
		sa.src.ip = ip_from_v4(e->src);
		sa.dst.ip = ip_from_v4(e->dst);
		memcpy(sa.key, e->key, e->key_len);
		assert_int_equal(keylog_esp(keylog, &sa), 0);
	}
}

/* Lines of tshark's answer into text. */
static void tshark(const char *capture, const char *arguments, char *text, size_t size)
{
	char command[512];
	size_t len;
	FILE *pipe;

	snprintf(command, sizeof(command),
		 "WIRESHARK_CONFIG_DIR=%s tshark -r " FOLDER "%s -o esp.enable_encryption_decode:TRUE -o esp.enable_authentication_check:TRUE "
		 "-T fields %s 2>&1", directory, capture, arguments);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	len = fread(text, 1, size - 1, pipe);
	text[len] = 0;
	assert_int_equal(pclose(pipe), 0);
}

static unsigned int count(const char *text, const char *word)
{
	unsigned int n = 0;

	for (const char *at = text; (at = strstr(at, word)); at += strlen(word))
		n++;
	return n;
}

static void test_tshark_decrypts(void **state)
{
	struct keylog *keylog;
	char error[KEYLOG_ERROR_LEN], text[8192];

	(void)state;
	assert_int_equal(keylog_open(directory, &keylog, error), 0);
	for (size_t i = 0; i < sizeof(recorded) / sizeof(recorded[0]); i++)
		write_keys(keylog, &recorded[i]);
	keylog_close(keylog);
	for (size_t i = 0; i < sizeof(recorded) / sizeof(recorded[0]); i++) {
		/* Identities are in the encrypted part of IKE_AUTH alone. */
		tshark(recorded[i].capture, "-Y 'isakmp.exchangetype == 35' -e isakmp.id.data.fqdn", text, sizeof(text));
		assert_int_equal(count(text, "daemona.test"), 1);
		assert_int_equal(count(text, "daemonb.test"), 1);
		tshark(recorded[i].capture, "-Y 'esp.icv_good == 1 && icmp' -e esp.spi", text, sizeof(text));
		assert_int_equal(count(text, "0x"), 4);
	}
}

/* The test above can fail: without keys nothing is read. */
static void test_nothing_without_keys(void **state)
{
	char text[8192];

	(void)state;
	tshark(recorded[0].capture, "-e isakmp.id.data.fqdn", text, sizeof(text));
	assert_int_equal(count(text, ".test"), 0);
	tshark(recorded[0].capture, "-Y 'esp.icv_good == 1' -e esp.spi", text, sizeof(text));
	assert_int_equal(count(text, "0x"), 0);
}

static void test_files_are_private(void **state)
{
	static const char *const names[] = { "ikev2_decryption_table", "esp_sa" };
	struct keylog *keylog;
	char error[KEYLOG_ERROR_LEN], path[128];
	struct stat st;

	(void)state;
	/* A file that is there already, readable by all, and a generous umask. */
	umask(0);
	snprintf(path, sizeof(path), "%s/esp_sa", directory);
	fclose(fopen(path, "w"));
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(keylog_open(directory, &keylog, error), 0);
	keylog_close(keylog);
	umask(022);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
	}
}

static void test_refuses(void **state)
{
	struct keylog *keylog;
	char error[KEYLOG_ERROR_LEN], path[128];
	static const uint8_t key[36];
	struct agent_ike_secrets secrets = { .encr = 12, .encr_bits = 256, .integ = 2, .sk_ei = key, .sk_er = key, .sk_ai = key, .sk_ar = key,
					     .encr_len = 32, .integ_len = 20 };
	struct sink_sa sa = { .aead = SINK_CHACHA20_POLY1305, .key_len = 36 };
	struct stat st;

	(void)state;
	assert_int_equal(keylog_open(directory, &keylog, error), 0);
	assert_int_equal(keylog_ike(keylog, &secrets), -ENOTSUP);
	assert_int_equal(keylog_esp(keylog, &sa), -ENOTSUP);
	keylog_close(keylog);
	snprintf(path, sizeof(path), "%s/esp_sa", directory);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 0);
	/* Not through a link to somewhere else. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/tmp/espalier-keylog-elsewhere", path), 0);
	assert_int_equal(keylog_open(directory, &keylog, error), -ELOOP);
	assert_null(keylog);
	assert_non_null(strstr(error, directory));
	if (geteuid() == 0) { /* a file that another user laid there */
		snprintf(path, sizeof(path), "%s/esp_sa", directory);
		unlink(path);
		assert_int_equal(keylog_open(directory, &keylog, error), 0);
		keylog_close(keylog);
		assert_int_equal(chown(path, 65534, 65534), 0);
		assert_int_equal(keylog_open(directory, &keylog, error), -EPERM);
		assert_null(keylog);
	}
	assert_int_equal(keylog_open("/nonexistent/keylog", &keylog, error), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_tshark_decrypts, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(test_nothing_without_keys, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(test_files_are_private, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(test_refuses, make_directory, remove_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
