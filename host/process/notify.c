/* SPDX-License-Identifier: Apache-2.0 */
#include "process/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A path, or with @ a name of Linux' abstract namespace. */
static int connect_to(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = strlen(name);
	int fd;

	if ((*name != '/' && *name != '@') || len < 2 || len >= sizeof(address.sun_path))
		return -1;
	memcpy(address.sun_path, name, len);
	if (*name == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || !connect(fd, (const struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)))
		return fd;
	close(fd);
	return -1;
}

static uint64_t number(const char *text)
{
	char *end;
	unsigned long long value = text ? strtoull(text, &end, 10) : 0;

	return text && *text >= '0' && *text <= '9' && !*end ? value : 0;
}

void notify_open(struct notify *notify)
{
	const char *name = getenv("NOTIFY_SOCKET"), *pid = getenv("WATCHDOG_PID");

	*notify = (struct notify){ .fd = name ? connect_to(name) : -1 };
	if (notify->fd >= 0 && (!pid || number(pid) == (uint64_t)getpid()))
		notify->watchdog_ms = number(getenv("WATCHDOG_USEC")) / 2000;
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_PID");
	unsetenv("WATCHDOG_USEC");
}

/* A manager that does not read is not waited for. */
static void tell(const struct notify *notify, const char *what)
{
	if (notify->fd >= 0)
		(void)!send(notify->fd, what, strlen(what), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void notify_ready(struct notify *notify, uint64_t now_ms)
{
	tell(notify, "READY=1");
	notify->next_ms = now_ms;
}

void notify_stopping(struct notify *notify)
{
	tell(notify, "STOPPING=1");
}

int64_t notify_alive(struct notify *notify, uint64_t now_ms)
{
	if (!notify->watchdog_ms)
		return -1;
	if (now_ms >= notify->next_ms) {
		tell(notify, "WATCHDOG=1");
		notify->next_ms = now_ms + notify->watchdog_ms;
	}
	return (int64_t)(notify->next_ms - now_ms);
}

void notify_close(struct notify *notify)
{
	if (notify->fd >= 0)
		close(notify->fd);
	notify->fd = -1;
}
