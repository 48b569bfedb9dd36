/* SPDX-License-Identifier: Apache-2.0 */
/* One gateway a network namespace: routes, rules and the filter have one place there. */
#ifndef ESPALIER_GW_INSTANCE_H
#define ESPALIER_GW_INSTANCE_H

#include <stddef.h>

/*
 * Take the lock of this network namespace, which is held until *lock is closed or the process ends, however. 0; -EBUSY: another process has it; or
 * what the file of it said, with a sentence in error.
 */
int instance_lock(int *lock, char *error, size_t size);

#endif
