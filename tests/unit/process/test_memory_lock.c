/* SPDX-License-Identifier: Apache-2.0 */
/* Locked only where no limit can be hit; the system's answers are made here, as they depend on who runs the test. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "process/memory_lock.h"

static struct rlimit limit;
static bool may_raise;
static int locked, lock_error;

int __wrap_setrlimit(int which, const struct rlimit *new);
int __wrap_getrlimit(int which, struct rlimit *out);
int __wrap_mlockall(int flags);

int __wrap_setrlimit(int which, const struct rlimit *new)
{
	assert_int_equal(which, RLIMIT_MEMLOCK);
	errno = EPERM;
	if (!may_raise && new->rlim_max > limit.rlim_max)
		return -1;
	limit = *new;
	return 0;
}

int __wrap_getrlimit(int which, struct rlimit *out)
{
	assert_int_equal(which, RLIMIT_MEMLOCK);
	*out = limit;
	return 0;
}

int __wrap_mlockall(int flags)
{
	locked = flags;
	errno = lock_error;
	return lock_error ? -1 : 0;
}

static int try_lock(struct rlimit at, bool raise, int error, char *why)
{
	limit = at;
	may_raise = raise;
	lock_error = error;
	locked = 0;
	*why = '\0';
	return memory_lock(why, 256);
}

static void test_lock(void **state)
{
	const struct rlimit small = { 65536, 8 << 20 }, none = { 65536, RLIM_INFINITY };
	char why[256];

	(void)state;
	assert_int_equal(try_lock(small, true, 0, why), 0);
	assert_int_equal(locked, MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
	assert_true(limit.rlim_cur == RLIM_INFINITY);
	assert_int_equal(try_lock(none, false, 0, why), 0);
	assert_true(locked && limit.rlim_cur == RLIM_INFINITY);

	assert_int_equal(try_lock(small, false, 0, why), -EPERM);
	assert_int_equal(locked, 0);
	assert_non_null(strstr(why, "only 8192 KiB"));

	assert_int_equal(try_lock(none, true, ENOMEM, why), -ENOMEM);
	assert_non_null(strstr(why, strerror(ENOMEM)));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_lock) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
