/* SPDX-License-Identifier: Apache-2.0 */
#include "process/memory_lock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

int memory_lock(char *why, size_t size)
{
	static const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct rlimit limit;
	int ret;

	if (setrlimit(RLIMIT_MEMLOCK, &unlimited) && getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_max != RLIM_INFINITY) {
		snprintf(why, size, "keys may get into swap space: only %llu KiB of memory can be locked (LimitMEMLOCK=infinity lifts that)",
			 (unsigned long long)limit.rlim_max / 1024);
		return -EPERM;
	}
	ret = mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) ? -errno : 0;
	if (ret)
		snprintf(why, size, "keys may get into swap space: memory cannot be locked: %s", strerror(-ret));
	return ret;
}
