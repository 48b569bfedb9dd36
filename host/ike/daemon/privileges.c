/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "file/no_core.h"

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

int privileges_find(const char *user, struct privileges *who, char *error)
{
	bool root = geteuid() == 0;

	if (!user && !root) {
		snprintf(who->name, sizeof(who->name), "uid %u", geteuid());
		who->uid = geteuid();
		who->gid = getegid();
		return 0;
	}
	if (user ? !lookup(user, who) : !lookup(PRIVILEGES_USER, who) && !lookup(PRIVILEGES_FALLBACK, who)) {
		snprintf(error, PRIVILEGES_ERROR_LEN, "user %s: there is none", user ? user : PRIVILEGES_USER " or " PRIVILEGES_FALLBACK);
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

/* All sets empty: bounding and ambient too, so that no file gives anything back. */
static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[2] = { { 0 } };

	return syscall(SYS_capset, &header, none) ? -errno : 0;
}

static int drop_bounding(void)
{
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			return -errno;
	return 0;
}

static bool capability_left(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct now[2];

	if (syscall(SYS_capget, &header, now))
		return true;
	for (int i = 0; i < 2; i++)
		if (now[i].effective || now[i].permitted || now[i].inheritable)
			return true;
	return false;
}

static bool became(const struct privileges *who)
{
	uid_t real, effective, saved;
	gid_t group, effective_group, saved_group;

	if (getresuid(&real, &effective, &saved) || getresgid(&group, &effective_group, &saved_group))
		return false;
	if (real != who->uid || effective != who->uid || saved != who->uid)
		return false;
	if (group != who->gid || effective_group != who->gid || saved_group != who->gid)
		return false;
	return setuid(0) && setgid(0) && !capability_left();
}

static int become(const struct privileges *who, char *error)
{
	int ret = drop_bounding();

	if (ret)
		return fail(error, "capability bounding set", -ret);
	/* With the user's further groups: they say which files it can read at a reload. */
	if (initgroups(who->name, who->gid))
		return fail(error, "groups", errno);
	if (setresgid(who->gid, who->gid, who->gid))
		return fail(error, "group", errno);
	if (setresuid(who->uid, who->uid, who->uid))
		return fail(error, "user", errno);
	return 0;
}

int privileges_drop(const struct privileges *who, char *error)
{
	int ret = geteuid() == 0 ? become(who, error) : 0;

	if (ret)
		return ret;
	ret = drop_capabilities();
	if (ret)
		return fail(error, "capabilities", -ret);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return fail(error, "no new privileges", errno);
	/* A change of user ids makes a process dumpable again on systems with fs.suid_dumpable = 1. */
	ret = privileges_harden(error);
	if (ret)
		return ret;
	if (!became(who)) {
		snprintf(error, PRIVILEGES_ERROR_LEN, "privileges: not given up entirely");
		return -EPERM;
	}
	return 0;
}
