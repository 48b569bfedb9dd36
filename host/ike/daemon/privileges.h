/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Giving up root for good. Order: privileges_harden first of all; then everything that needs root; then privileges_drop. Not for a process
 * with threads.
 */
#ifndef ESPALIER_IKE_PRIVILEGES_H
#define ESPALIER_IKE_PRIVILEGES_H

#include <stdbool.h>
#include <sys/types.h>

#define PRIVILEGES_ERROR_LEN 256
#define PRIVILEGES_USER "espalier"     /* who the daemon becomes */
#define PRIVILEGES_FALLBACK "nobody"   /* where there is no such user */

struct privileges {
	char name[64];
	uid_t uid;
	gid_t gid;
};

/*
 * Whom to become: user, or if it is NULL the first of the two above that the system has; a process that is not root stays what it is.
 * 0; -ENOENT: no such user; -EINVAL: the user is root; -EPERM: a user is given, and this process is neither it nor root.
 */
int privileges_find(const char *user, struct privileges *who, char *error);
/* No core dumps, no ptrace by others of the user: secrets stay in this process. */
int privileges_harden(char *error);
/*
 * Become who with its groups and no capability, for good (no_new_privs), and check it: if something is left, an error. Does the rest for a
 * process that is who already. 0 or a negative errno value.
 */
int privileges_drop(const struct privileges *who, char *error);

#endif
