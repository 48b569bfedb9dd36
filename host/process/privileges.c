/* SPDX-License-Identifier: Apache-2.0 */
#include "process/privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "process/no_core.h"

static int fail(char *error, const char *what, int code)
{
	snprintf(error, PRIVILEGES_ERROR_LEN, "privileges: %s: %s", what, strerror(code));
	return -code;
}

static bool lookup(const char *user, struct privileges *who)
{
	const struct passwd *entry = getpwnam(user);

	if (!entry || (size_t)snprintf(who->name, sizeof(who->name), "%s", entry->pw_name) >= sizeof(who->name))
		return false;
	who->uid = entry->pw_uid;
	who->gid = entry->pw_gid;
	return true;
}

int privileges_find(const char *user, const char *const *defaults, struct privileges *who, char *error)
{
	bool root = geteuid() == 0, found;

	who->became = false;
	if (!user && !root) {
		snprintf(who->name, sizeof(who->name), "uid %u", geteuid());
		who->uid = geteuid();
		who->gid = getegid();
		return 0;
	}
	found = user && lookup(user, who);
	for (unsigned int i = 0; !user && !found && defaults[i]; i++)
		found = lookup(defaults[i], who);
	if (!found) {
		snprintf(error, PRIVILEGES_ERROR_LEN, "user %s: there is none", user ? user : defaults[0]);
		return -ENOENT;
	}
	if (who->uid == 0 || who->gid == 0) {
		snprintf(error, PRIVILEGES_ERROR_LEN, "user %s: must not be root nor of its group", who->name);
		return -EINVAL;
	}
	if (!root && who->uid != geteuid()) {
		snprintf(error, PRIVILEGES_ERROR_LEN, "user %s: only root can become another user", who->name);
		return -EPERM;
	}
	return 0;
}

int privileges_harden(char *error)
{
	int ret = no_core();

	return ret ? fail(error, "no core dumps", -ret) : 0;
}

/* In libcap-ng's state, which is this process' then: nothing but what of the set there is. */
static int choose(uint64_t set)
{
	uint64_t have = 0;

	if (capng_get_caps_process())
		return -EPERM;
	for (unsigned int cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (capng_have_capability(CAPNG_PERMITTED, cap))
			have |= PRIVILEGE(cap);
	capng_clear(CAPNG_SELECT_ALL);
	for (unsigned int cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (set & have & PRIVILEGE(cap) && capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, cap))
			return -EPERM;
	return 0;
}

int privileges_become(struct privileges *who, uint64_t set, char *error)
{
	int ret;

	if (geteuid())
		return 0;
	if (choose(set))
		return fail(error, "capabilities", EPERM);
	/* With the user's further groups: they say which files it can read at a reload. */
	ret = capng_change_id((int)who->uid, (int)who->gid, CAPNG_INIT_SUPP_GRP | CAPNG_CLEAR_BOUNDING | CAPNG_CLEAR_AMBIENT);
	if (ret) {
		snprintf(error, PRIVILEGES_ERROR_LEN, "privileges: user %s: libcap-ng's error %d", who->name, ret);
		return -EPERM;
	}
	who->became = true;
	/* A change of user ids makes a process dumpable again on systems with fs.suid_dumpable = 1. */
	return privileges_harden(error);
}

static bool nothing_else_left(uint64_t set, bool bounded)
{
	if (capng_get_caps_process())
		return false;
	for (unsigned int cap = 0; cap <= CAP_LAST_CAP; cap++) {
		bool has = capng_have_capability(CAPNG_EFFECTIVE, cap) || capng_have_capability(CAPNG_PERMITTED, cap);

		if ((has && !(set & PRIVILEGE(cap))) || capng_have_capability(CAPNG_INHERITABLE, cap) || capng_have_capability(CAPNG_AMBIENT, cap) ||
		    (bounded && capng_have_capability(CAPNG_BOUNDING_SET, cap)))
			return false;
	}
	return true;
}

static bool is(const struct privileges *who)
{
	uid_t real, effective, saved;
	gid_t group, effective_group, saved_group;

	if (getresuid(&real, &effective, &saved) || getresgid(&group, &effective_group, &saved_group))
		return false;
	if (real != who->uid || effective != who->uid || saved != who->uid)
		return false;
	if (group != who->gid || effective_group != who->gid || saved_group != who->gid)
		return false;
	return setresuid(0, 0, 0) && setresgid(0, 0, 0);
}

int privileges_keep(const struct privileges *who, uint64_t set, char *error)
{
	if (choose(set) || capng_apply(CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT))
		return fail(error, "capabilities", EPERM);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return fail(error, "no new privileges", errno);
	if (!is(who) || !nothing_else_left(set, who->became)) {
		snprintf(error, PRIVILEGES_ERROR_LEN, "privileges: not given up entirely");
		return -EPERM;
	}
	return privileges_harden(error);
}
