/* SPDX-License-Identifier: Apache-2.0 */
/* Root given up, seen from /proc and from what no longer works. Without root there is nothing to give up: those tests are skipped. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "process/privileges.h"

/* In a child; 0 if check was content. */
static int in_child(int (*check)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid)
		_exit(check());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The line of /proc/self/status that begins with name, without it; "" if there is none. */
static const char *status_line(const char *name)
{
	static char line[256];
	FILE *file = fopen("/proc/self/status", "r");

	while (file && fgets(line, sizeof(line), file)) {
		if (!strncmp(line, name, strlen(name))) {
			fclose(file);
			line[strcspn(line, "\n")] = 0;
			return line + strlen(name);
		}
	}
	return "";
}

static const char *const defaults[] = { "no-such-user-here", "nobody", "daemon", NULL };

static int drop(struct privileges *who, uint64_t meanwhile, uint64_t set)
{
	char error[PRIVILEGES_ERROR_LEN];
	int ret = privileges_become(who, meanwhile, error);

	return ret ? ret : privileges_keep(who, set, error);
}

static int drop_and_look(void)
{
	static const char *const sets[] = { "CapInh:\t", "CapPrm:\t", "CapEff:\t", "CapBnd:\t", "CapAmb:\t" };
	struct privileges who;
	char error[PRIVILEGES_ERROR_LEN];
	struct rlimit core;

	if (privileges_harden(error) || privileges_find("nobody", defaults, &who, error) || drop(&who, 0, 0))
		return 1;
	if (strcmp(status_line("Uid:"), "\t65534\t65534\t65534\t65534") || strcmp(status_line("Gid:"), "\t65534\t65534\t65534\t65534"))
		return 2;
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		if (strcmp(status_line(sets[i]), "0000000000000000"))
			return 3;
	if (strcmp(status_line("NoNewPrivs:\t"), "1"))
		return 4;
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0))
		return 5;
	if (getrlimit(RLIMIT_CORE, &core) || core.rlim_cur || core.rlim_max)
		return 6;
	return !setuid(0) || !seteuid(0) || open("/etc/shadow", O_RDONLY) >= 0 ? 7 : 0;
}

static void test_drop(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(in_child(drop_and_look), 0);
}

/* Two steps: meanwhile files of root can be opened still; in the end one capability is left, and nothing that could bring more. */
static int drop_to_one(void)
{
	const uint64_t set = PRIVILEGE(CAP_NET_ADMIN);
	struct privileges who;
	char error[PRIVILEGES_ERROR_LEN];
	int fd;

	if (privileges_find("nobody", defaults, &who, error) || privileges_become(&who, set | PRIVILEGE(CAP_DAC_OVERRIDE), error))
		return 1;
	if (strcmp(status_line("Uid:"), "\t65534\t65534\t65534\t65534") || strcmp(status_line("CapEff:\t"), "0000000000001002"))
		return 2;
	fd = open("/etc/shadow", O_RDONLY);
	if (fd < 0 || close(fd))
		return 3;
	if (privileges_keep(&who, set, error))
		return 4;
	if (strcmp(status_line("CapEff:\t"), "0000000000001000") || strcmp(status_line("CapPrm:\t"), "0000000000001000"))
		return 5;
	if (strcmp(status_line("CapInh:\t"), "0000000000000000") || strcmp(status_line("CapBnd:\t"), "0000000000000000") ||
	    strcmp(status_line("CapAmb:\t"), "0000000000000000") || strcmp(status_line("NoNewPrivs:\t"), "1"))
		return 6;
	return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) || !setuid(0) || open("/etc/shadow", O_RDONLY) >= 0 ? 7 : 0;
}

static void test_one(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(in_child(drop_to_one), 0);
}

/* What is left that should not be is found. */
static int keeps_more(void)
{
	struct privileges who, other;
	char error[PRIVILEGES_ERROR_LEN];

	if (privileges_find("nobody", defaults, &who, error) || privileges_become(&who, 0, error))
		return 1;
	other = who;
	other.uid++;
	return privileges_keep(&other, 0, error) == -EPERM && strstr(error, "not given up") ? 0 : 2;
}

static void test_found(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(in_child(keeps_more), 0);
}

/* A process of another user, to which --user names that very one, and then someone else. */
static int as_nobody(void)
{
	struct privileges who;
	char error[PRIVILEGES_ERROR_LEN];

	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		return 1;
	if (privileges_find(NULL, defaults, &who, error) || who.uid != 65534 || drop(&who, 0, 0))
		return 2;
	if (privileges_find("nobody", defaults, &who, error) || drop(&who, 0, 0))
		return 3;
	return privileges_find("daemon", defaults, &who, error) == -EPERM ? 0 : 4;
}

static void test_not_root(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(in_child(as_nobody), 0);
}

static void test_users(void **state)
{
	struct privileges who;
	char error[PRIVILEGES_ERROR_LEN];

	(void)state;
	assert_int_equal(privileges_find("no-such-user-here", defaults, &who, error), -ENOENT);
	assert_non_null(strstr(error, "no-such-user-here"));
	assert_int_equal(privileges_find("root", defaults, &who, error), -EINVAL);
	if (geteuid())
		skip();
	assert_int_equal(privileges_find(NULL, defaults, &who, error), 0);
	assert_string_equal(who.name, "nobody");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drop),
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_not_root),
		cmocka_unit_test(test_users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
