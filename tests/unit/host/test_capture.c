/* SPDX-License-Identifier: Apache-2.0 */
/* Captures: round trips for each link type and time resolution, pcapng in, what is dropped and why, damaged files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/capture.h"

#define MAX 8192

static char in_path[64], out_path[64], error[CAPTURE_ERROR_LEN];

static int setup(void **unused)
{
	(void)unused;
	snprintf(in_path, sizeof(in_path), "/tmp/espalier-capture-%d.in", (int)getpid());
	snprintf(out_path, sizeof(out_path), "/tmp/espalier-capture-%d.out", (int)getpid());
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	unlink(in_path);
	unlink(out_path);
	return 0;
}

static size_t slurp(const char *path, uint8_t *bytes)
{
	FILE *file = fopen(path, "rb");
	size_t len;

	assert_non_null(file);
	len = fread(bytes, 1, MAX, file);
	fclose(file);
	return len;
}

static void spill(const char *path, const void *bytes, size_t len)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	fclose(file);
}

static size_t put(uint8_t *bytes, size_t at, uint32_t value)
{
	memcpy(bytes + at, &value, 4);
	return at + 4;
}

static size_t pcap_header(uint8_t *bytes, uint32_t magic, uint32_t link)
{
	static const uint16_t version[2] = { 2, 4 };

	put(bytes, 0, magic);
	memcpy(bytes + 4, version, 4);
	put(bytes, 8, 0);
	put(bytes, 12, 0);
	put(bytes, 16, 262144);
	return put(bytes, 20, link);
}

static size_t pcap_packet(uint8_t *bytes, size_t at, uint32_t fraction, const uint8_t *data, uint32_t len, uint32_t wire)
{
	at = put(bytes, at, 1700000000);
	at = put(bytes, at, fraction);
	at = put(bytes, at, len);
	at = put(bytes, at, wire);
	memcpy(bytes + at, data, len);
	return at + len;
}

static void copy_capture(void)
{
	struct capture_in *in;
	struct capture_out *out;
	struct output output;
	struct capture_packet p;

	assert_int_equal(capture_open_in(in_path, &in, error), 0);
	assert_int_equal(output_open(&output, out_path, error), 0);
	assert_int_equal(capture_open_out(&output, out_path, in, &out, error), 0);
	while (capture_read(in, &p, error) == 1)
		assert_int_equal(capture_write(out, &p.time, p.link, p.link_len, p.ip, p.ip_len, error), 0);
	assert_int_equal(capture_close_out(out, error), 0);
	capture_close_in(in);
}

/* The copy of a pcap is the same file, byte for byte. */
static void test_round_trip(void **unused)
{
	static const uint32_t magics[] = { 0xa1b2c3d4, 0xa1b23c4d }, links[] = { 1, 101, 228, 229 };
	static const uint8_t frame[60] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 8, 0, 0x45, 0, 0, 46 };
	uint8_t file[MAX], copy[MAX];

	(void)unused;
	for (size_t m = 0; m < 2; m++) {
		for (size_t l = 0; l < 3; l++) {
			size_t len = pcap_header(file, magics[m], links[l]);

			len = pcap_packet(file, len, m ? 123456789 : 123456, frame, 60, 60);
			len = pcap_packet(file, len, m ? 999999999 : 999999, frame, 30, 30);
			spill(in_path, file, len);
			copy_capture();
			assert_int_equal(slurp(out_path, copy), len);
			assert_memory_equal(copy, file, len);
		}
	}
}

/* A minimal pcapng (section header, interface, enhanced packet; microseconds): times keep their value in a nanosecond pcap. */
static void test_pcapng(void **unused)
{
	static const uint8_t frame[20] = { 0x45, 0, 0, 20 };
	uint8_t file[MAX] = { 0 }, copy[MAX], want[MAX];
	uint64_t time = 1700000000ull * 1000000 + 123456;
	size_t at = 0, len;

	(void)unused;
	at = put(file, at, 0x0a0d0d0a);
	at = put(file, at, 28);
	at = put(file, at, 0x1a2b3c4d);
	at = put(file, at, 1);
	at = put(file, at, 0xffffffff);
	at = put(file, at, 0xffffffff);
	at = put(file, at, 28);
	at = put(file, at, 1);
	at = put(file, at, 20);
	at = put(file, at, 101);
	at = put(file, at, 262144);
	at = put(file, at, 20);
	at = put(file, at, 6);
	at = put(file, at, 32 + 20);
	at = put(file, at, 0);
	at = put(file, at, (uint32_t)(time >> 32));
	at = put(file, at, (uint32_t)time);
	at = put(file, at, 20);
	at = put(file, at, 20);
	memcpy(file + at, frame, 20);
	at = put(file, at + 20, 32 + 20);
	spill(in_path, file, at);
	copy_capture();
	len = pcap_header(want, 0xa1b23c4d, 101);
	len = pcap_packet(want, len, 123456000, frame, 20, 20);
	assert_int_equal(slurp(out_path, copy), len);
	assert_memory_equal(copy, want, len);
}

static void test_verdicts(void **unused)
{
	static const struct {
		uint32_t link;
		uint8_t bytes[64];
		uint32_t len, wire;
		enum capture_verdict verdict;
		uint32_t ip_len, trailer;
	} cases[] = {
		{ 1, { [12] = 8, 0, 0x45, 0, 0, 46 }, 60, 60, CAPTURE_IPV4, 46, 0 },
		{ 1, { [12] = 8, 0, 0x45, 0, 0, 20 }, 60, 60, CAPTURE_IPV4, 46, 26 },
		{ 1, { [12] = 8, 0, 0x45, 0, 0, 60 }, 60, 60, CAPTURE_IPV4, 46, 0 },
		{ 1, { [12] = 8, 0, 0x45, 0, 0, 3 }, 60, 60, CAPTURE_IPV4, 46, 0 },
		{ 1, { [12] = 0x86, 0xdd, 0x60, [19] = 4 }, 60, 60, CAPTURE_IPV6, 46, 2 },
		{ 1, { [12] = 0x86, 0xdd, 0x60, [19] = 7 }, 60, 60, CAPTURE_IPV6, 46, 0 },
		{ 1, { [12] = 0x86, 0xdd, 0x60, [19] = 7 }, 60, 61, CAPTURE_TRUNCATED, 46, 0 },
		{ 1, { [12] = 0x08, 0x06 }, 60, 60, CAPTURE_NOT_IPV4, 46, 0 },
		{ 229, { 0x60, [5] = 1 }, 42, 42, CAPTURE_IPV6, 42, 1 },
		{ 1, { [12] = 0x81, 0 }, 60, 60, CAPTURE_VLAN, 46, 0 },
		{ 1, { [12] = 0x88, 0xa8 }, 60, 60, CAPTURE_VLAN, 46, 0 },
		{ 1, { 0 }, 13, 13, CAPTURE_SHORT, 13, 0 },
		{ 1, { [12] = 8, 0 }, 14, 14, CAPTURE_IPV4, 0, 0 },
		{ 1, { [12] = 8, 0, 0x45 }, 60, 61, CAPTURE_TRUNCATED, 46, 0 },
		{ 101, { 0x45, 0, 0, 20 }, 40, 40, CAPTURE_IPV4, 40, 20 },
		{ 101, { 0x45, 0, 0, 20 }, 30, 40, CAPTURE_IPV4, 30, 10 },
		{ 101, { 0x45, 0, 0, 31 }, 30, 40, CAPTURE_TRUNCATED, 30, 0 },
		{ 228, { 0x45, 0, 0, 20 }, 40, 40, CAPTURE_IPV4, 40, 20 },
		{ 101, { 0x60 }, 40, 40, CAPTURE_IPV6, 40, 0 },
		{ 101, { 0 }, 0, 0, CAPTURE_IPV4, 0, 0 },
		{ 228, { 0x60 }, 40, 40, CAPTURE_IPV4, 40, 0 },
	};
	uint8_t file[MAX];

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct capture_packet p;
		struct capture_in *in;
		size_t len = pcap_header(file, 0xa1b2c3d4, cases[i].link);

		len = pcap_packet(file, len, 0, cases[i].bytes, cases[i].len, cases[i].wire);
		spill(in_path, file, len);
		assert_int_equal(capture_open_in(in_path, &in, error), 0);
		assert_int_equal(capture_read(in, &p, error), 1);
		assert_int_equal(p.verdict, cases[i].verdict);
		assert_int_equal(p.ip_len, cases[i].ip_len);
		assert_int_equal(p.trailer, cases[i].trailer);
		assert_int_equal(capture_read(in, &p, error), 0);
		capture_close_in(in);
	}
}

static void test_damaged(void **unused)
{
	static const uint8_t frame[60] = { 0x45 };
	struct capture_in *in;
	struct capture_packet p;
	uint8_t file[MAX];
	size_t len = pcap_header(file, 0xa1b2c3d4, 101);

	(void)unused;
	assert_int_equal(capture_open_in("/nonexistent", &in, error), -ENOENT);
	spill(in_path, "nonsense nonsense nonsense", 26);
	assert_int_equal(capture_open_in(in_path, &in, error), -EINVAL);
	spill(in_path, "", 0);
	assert_int_equal(capture_open_in(in_path, &in, error), -EINVAL);
	pcap_header(file, 0xa1b2c3d4, 105);
	spill(in_path, file, len);
	assert_int_equal(capture_open_in(in_path, &in, error), -EINVAL);
	assert_non_null(strstr(error, "105"));
	pcap_header(file, 0xa1b2c3d4, 101);
	len = pcap_packet(file, len, 0, frame, 60, 60);
	spill(in_path, file, len - 1);
	assert_int_equal(capture_open_in(in_path, &in, error), 0);
	assert_int_equal(capture_read(in, &p, error), -EINVAL);
	capture_close_in(in);
}

static void test_full_disk(void **unused)
{
	static const uint8_t frame[60] = { 0x45 };
	struct capture_in *in;
	struct capture_out *out;
	struct output output;
	struct capture_packet p;
	uint8_t file[MAX];
	size_t len = pcap_header(file, 0xa1b2c3d4, 101);

	(void)unused;
	spill(in_path, file, pcap_packet(file, len, 0, frame, 60, 60));
	assert_int_equal(capture_open_in(in_path, &in, error), 0);
	assert_int_equal(output_open(&output, "/dev/full", error), 0);
	assert_int_equal(capture_open_out(&output, "/dev/full", in, &out, error), 0);
	assert_int_equal(capture_read(in, &p, error), 1);
	assert_int_equal(capture_write(out, &p.time, p.link, p.link_len, p.ip, p.ip_len, error), 0);
	assert_int_equal(capture_close_out(out, error), -EIO);
	assert_string_equal(error, "/dev/full could not be written: No space left on device");
	capture_close_in(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_pcapng),    cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_damaged),	   cmocka_unit_test(test_full_disk),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
