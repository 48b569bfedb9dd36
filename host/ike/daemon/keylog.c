/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/keylog.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MAX_LEN 1024
#define HEX_KEY_MAX 128u /* bytes of a key that fit a line four times */

struct keylog {
	int ike, esp;
};

/* Wireshark's names, from the menus of its two tables. */
struct name {
	uint16_t id, bits;
	const char *text;
};

static const struct name encryption_names[] = {
	{ 12, 128, "AES-CBC-128 [RFC3602]" },
	{ 12, 192, "AES-CBC-192 [RFC3602]" },
	{ 12, 256, "AES-CBC-256 [RFC3602]" },
	{ 20, 128, "AES-GCM-128 with 16 octet ICV [RFC5282]" },
	{ 20, 192, "AES-GCM-192 with 16 octet ICV [RFC5282]" },
	{ 20, 256, "AES-GCM-256 with 16 octet ICV [RFC5282]" },
};

static const struct name integrity_names[] = {
	{ 0, 0, "NONE [RFC4306]" },
	{ 12, 0, "HMAC_SHA2_256_128 [RFC4868]" },
	{ 13, 0, "HMAC_SHA2_384_192 [RFC4868]" },
	{ 14, 0, "HMAC_SHA2_512_256 [RFC4868]" },
};

static const char *find_name(const struct name *names, size_t count, uint16_t id, uint16_t bits)
{
	for (size_t i = 0; i < count; i++)
		if (names[i].id == id && names[i].bits == bits)
			return names[i].text;
	return NULL;
}

static int open_file(int dir, const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	struct stat st;

	if (fd < 0)
		return -errno;
	/* Somebody else's file, laid there before, would be theirs to read. */
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || fchmod(fd, 0600)) {
		close(fd);
		return -EPERM;
	}
	return fd;
}

int keylog_open(const char *dir, struct keylog **out, char *error)
{
	struct keylog *keylog = calloc(1, sizeof(*keylog));
	int ret = 0, at;

	*out = NULL;
	if (!keylog) {
		snprintf(error, KEYLOG_ERROR_LEN, "key log %s: out of memory", dir);
		return -ENOMEM;
	}
	keylog->ike = keylog->esp = -1;
	if (mkdir(dir, 0700) && errno != EEXIST)
		ret = -errno;
	at = ret ? -1 : open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!ret && at < 0)
		ret = -errno;
	if (!ret)
		ret = keylog->ike = open_file(at, "ikev2_decryption_table");
	if (ret >= 0)
		ret = keylog->esp = open_file(at, "esp_sa");
	if (at >= 0)
		close(at);
	if (ret < 0) {
		snprintf(error, KEYLOG_ERROR_LEN, "key log %s: %s", dir, strerror(-ret));
		keylog_close(keylog);
		return ret;
	}
	*out = keylog;
	return 0;
}

void keylog_close(struct keylog *keylog)
{
	if (!keylog)
		return;
	if (keylog->ike >= 0)
		close(keylog->ike);
	if (keylog->esp >= 0)
		close(keylog->esp);
	free(keylog);
}

/* text has room for len bytes and NUL; returns text. */
static const char *hex(const uint8_t *bytes, size_t len, char *text)
{
	for (size_t i = 0; i < len; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
	text[2 * len] = 0;
	return text;
}

/* One write a line: whole lines only, whoever reads meanwhile. */
static int append(int fd, char *line, int len)
{
	ssize_t done = len > 0 && len < LINE_MAX_LEN ? write(fd, line, (size_t)len) : -1;

	OPENSSL_cleanse(line, LINE_MAX_LEN);
	return done == len ? 0 : -EIO;
}

int keylog_ike(struct keylog *keylog, const struct agent_ike_secrets *s)
{
	const char *encryption = find_name(encryption_names, sizeof(encryption_names) / sizeof(encryption_names[0]), s->encr, s->encr_bits);
	const char *integrity = find_name(integrity_names, sizeof(integrity_names) / sizeof(integrity_names[0]), s->integ, 0);
	char line[LINE_MAX_LEN], key[4][2 * HEX_KEY_MAX + 1];
	int len;

	if (!encryption || !integrity)
		return -ENOTSUP;
	if (s->encr_len > HEX_KEY_MAX || s->integ_len > HEX_KEY_MAX)
		return -EINVAL;
	len = snprintf(line, sizeof(line), "%016" PRIx64 ",%016" PRIx64 ",%s,%s,\"%s\",%s,%s,\"%s\"\n", s->spi_i, s->spi_r,
		       hex(s->sk_ei, s->encr_len, key[0]), hex(s->sk_er, s->encr_len, key[1]), encryption, hex(s->sk_ai, s->integ_len, key[2]),
		       hex(s->sk_ar, s->integ_len, key[3]), integrity);
	OPENSSL_cleanse(key, sizeof(key));
	return append(keylog->ike, line, len);
}

int keylog_esp(struct keylog *keylog, const struct sink_sa *sa)
{
	char line[LINE_MAX_LEN], key[2 * SINK_KEY_MAX + 1], src[IP_TEXT_LEN], dst[IP_TEXT_LEN];
	int len;

	if (sa->aead > SINK_AES_GCM_16_256)
		return -ENOTSUP;
	if (sa->key_len > SINK_KEY_MAX)
		return -EINVAL;
	len = snprintf(line, sizeof(line), "\"IPv%u\",\"%s\",\"%s\",\"0x%08x\",\"AES-GCM with 16 octet ICV [RFC4106]\",\"0x%s\",\"NULL\",\"\"\n",
		       sa->src.ip.family, ip_print(&sa->src.ip, src), ip_print(&sa->dst.ip, dst), sa->spi, hex(sa->key, sa->key_len, key));
	OPENSSL_cleanse(key, sizeof(key));
	return append(keylog->esp, line, len);
}
