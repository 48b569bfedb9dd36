/* SPDX-License-Identifier: Apache-2.0 */
#include "process/no_core.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>

int no_core(void)
{
	static const struct rlimit none = { 0, 0 };

	return setrlimit(RLIMIT_CORE, &none) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ? -errno : 0;
}
