/* SPDX-License-Identifier: Apache-2.0 */
/* Sequence numbers kept ahead of their use: what the file says when a write, fsync or rename fails at any place, and whom it admits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/reserve.h"

#define LINE(spi, more) \
	"xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi " #spi " mode tunnel aead 'rfc4106(gcm(aes))' " \
	"0x000102030405060708090a0b0c0d0e0f0000000" #spi " 128 replay-window 64 " more "\n"

static char dir[64], path[PATH_MAX], error[STATES_ERROR_LEN];
static int calls, failing; /* the call that fails, from 1; 0: none */

static int refuse(int code)
{
	if (++calls != failing)
		return 0;
	errno = code;
	return -1;
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	return refuse(EIO) ? -1 : __real_fsync(fd);
}

int __real_renameat(int from, const char *old, int to, const char *new);
int __wrap_renameat(int from, const char *old, int to, const char *new);
int __wrap_renameat(int from, const char *old, int to, const char *new)
{
	return refuse(ENOSPC) ? -1 : __real_renameat(from, old, to, new);
}

int __real_linkat(int from, const char *old, int to, const char *new, int flags);
int __wrap_linkat(int from, const char *old, int to, const char *new, int flags);
int __wrap_linkat(int from, const char *old, int to, const char *new, int flags)
{
	return refuse(ENOSPC) ? -1 : __real_linkat(from, old, to, new, flags);
}

static const char *at(const char *name)
{
	static char text[PATH_MAX];

	snprintf(text, sizeof(text), "%s/%s", dir, name);
	return text;
}

static void spill(const char *name, const char *text)
{
	FILE *file = fopen(at(name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int setup(void **unused)
{
	(void)unused;
	strcpy(dir, "/tmp/espalier-reserve-XXXXXX");
	assert_non_null(mkdtemp(dir));
	strcpy(path, at("states"));
	spill("states", LINE(1, "") LINE(2, "replay-oseq 7 replay-seq 9"));
	failing = 0;
	return 0;
}

static int teardown(void **unused)
{
	char command[128];

	(void)unused;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static struct states loaded(void)
{
	struct states states;

	assert_int_equal(states_load(path, &states, error), 0);
	for (size_t i = 0; i < states.count; i++)
		states.list[i].reached = states.list[i].oseq;
	return states;
}

static uint64_t in_file(size_t index, bool inbound)
{
	struct states states = loaded();
	uint64_t number = inbound ? states.list[index].seq : states.list[index].oseq;

	states_free(&states);
	return number;
}

static struct reserve *opened(void)
{
	struct reserve *reserve;

	if (reserve_open(path, &reserve, error))
		fail_msg("%s", error);
	return reserve;
}

static void test_ahead_and_exact(void **unused)
{
	struct states states = loaded();
	struct reserve *reserve = opened();

	(void)unused;
	assert_int_equal(reserve_exact(reserve, &states, false, error), 0);
	assert_int_equal(in_file(0, false), 0);
	assert_int_equal(reserve_ahead(reserve, &states, false, error), 0);
	assert_int_equal(in_file(0, false), RESERVE_OUTBOUND);
	assert_int_equal(in_file(1, false), RESERVE_OUTBOUND + 7);
	assert_int_equal(in_file(1, true), 9);
	states.list[0].reached = UINT32_MAX - 1;
	assert_int_equal(reserve_ahead(reserve, &states, false, error), 0);
	assert_int_equal(in_file(0, false), UINT32_MAX);
	states.list[0].reached = 123;
	assert_int_equal(reserve_exact(reserve, &states, false, error), 0);
	assert_int_equal(in_file(0, false), 123);
	assert_int_equal(in_file(1, false), 7);
	reserve_close(reserve);
	states_free(&states);
}

static void test_inbound(void **unused)
{
	struct states states = loaded();
	struct reserve *reserve = opened();

	(void)unused;
	states.list[1].reached = 20;
	states.list[1].used = true;
	assert_int_equal(reserve_ahead(reserve, &states, true, error), 0);
	assert_int_equal(in_file(0, true), 0);
	assert_int_equal(in_file(1, true), 20 + RESERVE_INBOUND);
	assert_int_equal(in_file(1, false), 7);
	reserve_close(reserve);
	states_free(&states);
}

/* Whatever fails, the file is whole and says a number that was reserved, and nothing else is left. The next write may succeed. */
static void test_failures(void **unused)
{
	char command[128];

	(void)unused;
	for (int i = 1; i <= 4; i++) {
		struct states states = loaded();
		struct reserve *reserve = opened();
		uint64_t before;

		assert_int_equal(reserve_ahead(reserve, &states, false, error), 0);
		before = in_file(0, false);
		states.list[0].reached += RESERVE_OUTBOUND;
		calls = 0;
		failing = i; /* fsync of the file, its name, rename, fsync of the directory */
		assert_true(reserve_ahead(reserve, &states, false, error) < 0);
		assert_non_null(strstr(error, path));
		assert_int_equal(calls, i);
		failing = 0;
		assert_int_equal(in_file(0, false), i == 4 ? before + RESERVE_OUTBOUND : before);
		snprintf(command, sizeof(command), "test \"$(ls -A %s)\" = states", dir);
		assert_int_equal(system(command), 0);
		assert_int_equal(reserve_ahead(reserve, &states, false, error), 0);
		assert_int_equal(in_file(0, false), before + RESERVE_OUTBOUND);
		reserve_close(reserve);
		states_free(&states);
	}
}

static void test_one_at_a_time(void **unused)
{
	struct states states = loaded();
	struct reserve *reserve = opened(), *other;

	(void)unused;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(reserve_open(path, &other, error), -EBUSY);
		assert_null(other);
		assert_int_equal(reserve_ahead(reserve, &states, false, error), 0);
	}
	reserve_close(reserve);
	other = opened();
	reserve_close(other);
	states_free(&states);
}

static void test_kinds(void **unused)
{
	struct reserve *reserve;
	struct states states = loaded();

	(void)unused;
	assert_int_equal(mkfifo(at("fifo"), 0600), 0);
	assert_int_equal(reserve_open(at("fifo"), &reserve, error), -EINVAL);
	assert_int_equal(reserve_open("/dev/null", &reserve, error), -EINVAL);
	assert_int_equal(reserve_open(dir, &reserve, error), -EINVAL);
	assert_int_equal(reserve_open(at("no/where"), &reserve, error), -ENOENT);
	assert_int_equal(reserve_open(at("new"), &reserve, error), 0);
	reserve_close(reserve);
	assert_int_equal(access(at("new"), F_OK), -1); /* nothing was written: it is not left behind */
	assert_int_equal(symlink("states", at("link")), 0);
	assert_int_equal(reserve_open(at("link"), &reserve, error), 0);
	assert_int_equal(reserve_ahead(reserve, &states, false, error), 0);
	assert_int_equal(in_file(0, false), RESERVE_OUTBOUND);
	reserve_close(reserve);
	assert_int_equal(link(path, at("hard")), 0);
	assert_int_equal(reserve_open(path, &reserve, error), -EMLINK);
	states_free(&states);
}

static void test_merge(void **unused)
{
	struct reserve *reserve = opened();
	struct states states;

	(void)unused;
	assert_int_equal(states_parse("f", LINE(2, "replay-seq 3") LINE(1, "replay-oseq 5"), strlen(LINE(2, "replay-seq 3") LINE(1, "replay-oseq 5")),
				      &states, error), 0);
	assert_int_equal(reserve_merge(reserve, &states, error), 0);
	assert_int_equal(states.list[0].oseq, 7);
	assert_int_equal(states.list[0].seq, 9);
	assert_int_equal(states.list[1].oseq, 5);
	states.count--;
	assert_int_equal(reserve_merge(reserve, &states, error), -EINVAL);
	states.count++;
	states_free(&states);
	reserve_close(reserve);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ahead_and_exact, setup, teardown),
		cmocka_unit_test_setup_teardown(test_inbound, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failures, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_at_a_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kinds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_merge, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
