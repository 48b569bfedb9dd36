/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Giving up root for good, by libcap-ng. Order: privileges_harden first of all; what needs root whole; privileges_become; what needs some
 * capabilities; privileges_keep. Not for a process that has threads by then.
 */
#ifndef PROCESS_PRIVILEGES_H
#define PROCESS_PRIVILEGES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PRIVILEGES_ERROR_LEN 256
#define PRIVILEGE(capability) (UINT64_C(1) << (capability)) /* a member of a set: CAP_NET_ADMIN and so on, linux/capability.h */

struct privileges {
	char name[64];
	uid_t uid;
	gid_t gid;
	bool became; /* set by privileges_become: this process was root */
};

/*
 * Whom to become: user, or if it is NULL the first of defaults (ends with NULL) that the system has; a process that is not root stays what
 * it is. 0; -ENOENT: no such user; -EINVAL: the user is root; -EPERM: a user is given, and this process is neither it nor root.
 */
int privileges_find(const char *user, const char *const *defaults, struct privileges *who, char *error);
/* No core dumps, no ptrace by others of the user: secrets stay in this process. */
int privileges_harden(char *error);
/*
 * Become who with its groups, with those capabilities of the set that this process has and an empty bounding set: programs that are started
 * from now on have none. Who is not root stays what it is, with all that it has. 0 or a negative errno value.
 */
int privileges_become(struct privileges *who, uint64_t set, char *error);
/*
 * For good: no capability but those of the set that are left, none ambient, no_new_privs; and check it: if something else is left, an error. 0 or a negative errno value.
 */
int privileges_keep(const struct privileges *who, uint64_t set, char *error);

#endif
