/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every case with a 96-bit IV and a 128-bit tag in NIST's CAVP files for AES-GCM (CAVS 14.0, gcmtestvectors), as Debian's package
 * python3-cryptography-vectors installs them: six files, three key sizes, encryption and decryption, failing tags included. Missing files,
 * or a file without cases, fail. Each key goes through the hardware key schedule.
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "gcm_dut.h"

#ifndef CAVP_DIR
#define CAVP_DIR "/usr/lib/python3/dist-packages/cryptography_vectors/ciphers/AES/GCM"
#endif

#define MAX_BYTES 256
#define BATCH GCM_SAS /* cases that go through back to back, each with an SA of its own */

struct cavp_case {
	uint8_t key[32], iv[12], aad[GCM_MAX_AAD], in[MAX_BYTES], out[MAX_BYTES], tag[16];
	unsigned key_len, iv_len, aad_len, in_len, tag_len;
	bool fails;
};

static unsigned hex_bytes(const char *s, uint8_t *out, unsigned max)
{
	unsigned n = 0;

	for (; isxdigit((unsigned char)s[0]); s += 2) {
		unsigned v;

		assert_true(n < max && sscanf(s, "%2x", &v) == 1);
		out[n++] = (uint8_t)v;
	}
	return n;
}

static unsigned flush(bool decrypt, struct cavp_case *cases, unsigned n)
{
	static struct gcm_packet packets[BATCH];
	static uint8_t results[BATCH][MAX_BYTES];
	unsigned failures = 0;

	for (unsigned i = 0; i < n; i++) {
		struct cavp_case *c = &cases[i];

		gcm_install(i, c->key, c->key_len);
		packets[i] = (struct gcm_packet){ .sa = i, .key_len = c->key_len, .aad_len = c->aad_len, .in = c->in, .len = c->in_len,
						  .out = results[i] };
		memcpy(packets[i].nonce, c->iv, 12);
		memcpy(packets[i].aad, c->aad, c->aad_len);
	}
	gcm_run(decrypt, packets, n, 0);
	for (unsigned i = 0; i < n; i++) {
		bool tag_ok = memcmp(packets[i].tag, cases[i].tag, 16) == 0;
		bool text_ok = memcmp(results[i], cases[i].out, cases[i].in_len) == 0;

		failures += cases[i].fails ? tag_ok : !(tag_ok && text_ok);
	}
	return failures;
}

static void run_file(const char *name, bool decrypt)
{
	static struct cavp_case cases[BATCH];
	char path[512], line[2048];
	unsigned iv_bits = 0, tag_bits = 0, pending = 0, run = 0, fails = 0, failures = 0, other = 0;
	struct cavp_case *c = NULL;

	snprintf(path, sizeof(path), "%s/%s", CAVP_DIR, name);
	FILE *f = fopen(path, "r");
	if (!f)
		fail_msg("%s: not there; install python3-cryptography-vectors", path);
	for (;;) {
		bool more = fgets(line, sizeof(line), f) != NULL;
		bool starts = more && strncmp(line, "Count =", 7) == 0;

		/* A case ends where the next begins, or a new section, or the file. */
		if (c && (!more || starts || line[0] == '[')) {
			c = NULL;
			if (++pending == BATCH) {
				failures += flush(decrypt, cases, pending);
				pending = 0;
			}
			run++;
		}
		if (!more)
			break;
		sscanf(line, "[IVlen = %u]", &iv_bits);
		sscanf(line, "[Taglen = %u]", &tag_bits);
		if (starts) {
			if (iv_bits == 96 && tag_bits == 128) {
				c = &cases[pending];
				memset(c, 0, sizeof(*c));
			} else {
				other++;
			}
		}
		if (!c)
			continue;
		if (strncmp(line, "Key = ", 6) == 0)
			c->key_len = hex_bytes(line + 6, c->key, 32);
		else if (strncmp(line, "IV = ", 5) == 0)
			c->iv_len = hex_bytes(line + 5, c->iv, 12);
		else if (strncmp(line, "AAD = ", 6) == 0)
			c->aad_len = hex_bytes(line + 6, c->aad, GCM_MAX_AAD);
		else if (strncmp(line, "Tag = ", 6) == 0)
			c->tag_len = hex_bytes(line + 6, c->tag, 16);
		else if (strncmp(line, decrypt ? "CT = " : "PT = ", 5) == 0)
			c->in_len = hex_bytes(line + 5, c->in, MAX_BYTES);
		else if (strncmp(line, decrypt ? "PT = " : "CT = ", 5) == 0)
			hex_bytes(line + 5, c->out, MAX_BYTES);
		else if (strncmp(line, "FAIL", 4) == 0) {
			c->fails = true;
			fails++;
		}
	}
	fclose(f);
	if (pending)
		failures += flush(decrypt, cases, pending);
	printf("%-24s LANES=%d  %5u cases (%u with a wrong tag), %u failures; %u of other IV or tag sizes\n", name, LANES, run, fails,
	       failures, other);
	assert_int_equal(failures, 0);
	assert_true(run > 0);
	assert_true(!decrypt || fails > 0);
}

#define FILE_TEST(NAME, FILE, DECRYPT)        \
	static void NAME(void **state)        \
	{                                     \
		(void)state;                  \
		run_file(FILE, DECRYPT);      \
	}
FILE_TEST(encrypt_128, "gcmEncryptExtIV128.rsp", false)
FILE_TEST(encrypt_192, "gcmEncryptExtIV192.rsp", false)
FILE_TEST(encrypt_256, "gcmEncryptExtIV256.rsp", false)
FILE_TEST(decrypt_128, "gcmDecrypt128.rsp", true)
FILE_TEST(decrypt_192, "gcmDecrypt192.rsp", true)
FILE_TEST(decrypt_256, "gcmDecrypt256.rsp", true)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encrypt_128), cmocka_unit_test(encrypt_192), cmocka_unit_test(encrypt_256),
		cmocka_unit_test(decrypt_128), cmocka_unit_test(decrypt_192), cmocka_unit_test(decrypt_256),
	};

	gcm_open();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	gcm_close();
	return failed;
}
