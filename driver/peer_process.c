/* SPDX-License-Identifier: Apache-2.0 */
#include "peer_process.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void peer_process_find(struct peer_process *peer, int fd)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	*peer = (struct peer_process){ .pid = 0 };
	/* Who listened: one that got its socket from init is not known by it. */
	if (!getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) && who.pid > 1 && who.pid != getpid())
		peer->pid = who.pid;
}

void peer_process_begin(struct peer_process *peer)
{
	peer->seen = false;
}

/* State and processor time (proc(5), /proc/PID/stat: fields 3, 14 and 15). false: it cannot be read. */
static bool look(int pid, char *state, unsigned long long *ticks)
{
	unsigned long long user, system;
	char path[32], line[1024];
	const char *name_end;
	FILE *file;
	bool read;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	read = fgets(line, sizeof(line), file);
	fclose(file);
	name_end = read ? strrchr(line, ')') : NULL; /* the name may have anything in it */
	if (!name_end || sscanf(name_end + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", state, &user, &system) != 3)
		return false;
	*ticks = user + system;
	return true;
}

bool peer_process_idle(struct peer_process *peer)
{
	unsigned long long ticks;
	bool idle;
	char state;

	if (!peer->pid || !look(peer->pid, &state, &ticks))
		return false;
	if (strchr("TtZX", state))
		return true;
	idle = state == 'S' && peer->seen && ticks == peer->ticks;
	peer->seen = state == 'S';
	peer->ticks = ticks;
	return idle;
}
