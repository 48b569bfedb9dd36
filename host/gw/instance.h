/* SPDX-License-Identifier: Apache-2.0 */
/* One gateway a network namespace: routes, rules and the filter have one place there. */
#ifndef ESPALIER_GW_INSTANCE_H
#define ESPALIER_GW_INSTANCE_H

#include <stddef.h>

/*
 * Two locks, held until instance_unlock or the end of the process, however: a file, which nobody without rights can take, and a name of a UNIX socket that belongs to the network
 * namespace, for a gateway that has another /run (in a container with the host's network). A name that somebody without rights has taken is nobody's. -1: not held.
 */
struct instance {
	int file, name;
};

#define INSTANCE_NONE ((struct instance){ -1, -1 })

/* 0; -EBUSY: another process has them; or what the file of it said, with a sentence in error. */
int instance_lock(struct instance *lock, char *error, size_t size);
void instance_unlock(struct instance *lock);

#endif
