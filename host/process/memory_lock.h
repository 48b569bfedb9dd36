/* SPDX-License-Identifier: Apache-2.0 */
/* Memory with keys stays out of swap space. */
#ifndef PROCESS_MEMORY_LOCK_H
#define PROCESS_MEMORY_LOCK_H

#include <stddef.h>

/*
 * Lock what this process has and will have, as it is touched: from then on nothing of it is swapped out. Only with an unlimited
 * RLIMIT_MEMLOCK, which root with CAP_SYS_RESOURCE sets itself: under a limit allocations would fail once it is reached. 0, or a negative
 * errno value with a sentence of size bytes; nothing is locked then, and the process serves as well.
 */
int memory_lock(char *why, size_t size);

#endif
