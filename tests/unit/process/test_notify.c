/* SPDX-License-Identifier: Apache-2.0 */
/* What a service manager hears, at sockets of both kinds, and when nobody listens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "process/notify.h"

static char name[100];

/* A manager's socket; name is what NOTIFY_SOCKET says. */
static int manager(const char *format)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	snprintf(name, sizeof(name), format, (long)getpid());
	memcpy(address.sun_path, name, strlen(name));
	if (*name == '@')
		address.sun_path[0] = 0;
	else
		unlink(name);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))), 0);
	return fd;
}

static void assert_heard(int fd, const char *what)
{
	char text[64] = "";
	ssize_t len = recv(fd, text, sizeof(text) - 1, 0);

	if (what)
		assert_string_equal(text, what);
	else
		assert_int_equal(len, -1);
}

static void set(const char *socket_name, const char *usec, const char *pid)
{
	setenv("NOTIFY_SOCKET", socket_name, 1);
	if (usec)
		setenv("WATCHDOG_USEC", usec, 1);
	if (pid)
		setenv("WATCHDOG_PID", pid, 1);
}

static void test_states(void **state)
{
	static const char *const kinds[] = { "/tmp/espalier-notify-%ld", "@espalier-notify-%ld" };
	struct notify notify;

	(void)state;
	for (int i = 0; i < 2; i++) {
		int fd = manager(kinds[i]);

		set(name, NULL, NULL);
		notify_open(&notify);
		assert_heard(fd, NULL);
		notify_ready(&notify, 1000);
		assert_heard(fd, "READY=1");
		assert_int_equal(notify_alive(&notify, 5000), -1);
		assert_heard(fd, NULL);
		notify_stopping(&notify);
		assert_heard(fd, "STOPPING=1");
		notify_close(&notify);
		close(fd);
		if (!i)
			unlink(name);
		assert_null(getenv("NOTIFY_SOCKET"));
	}
}

static void test_watchdog(void **state)
{
	struct notify notify;
	char pid[32];
	int fd = manager("@espalier-watchdog-%ld");

	(void)state;
	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	set(name, "3000000", pid);
	notify_open(&notify);
	notify_ready(&notify, 10000);
	assert_heard(fd, "READY=1");
	assert_int_equal(notify_alive(&notify, 10000), 1500);
	assert_heard(fd, "WATCHDOG=1");
	assert_int_equal(notify_alive(&notify, 11499), 1);
	assert_heard(fd, NULL);
	assert_int_equal(notify_alive(&notify, 11600), 1500);
	assert_heard(fd, "WATCHDOG=1");
	notify_close(&notify);
	assert_null(getenv("WATCHDOG_USEC"));
	assert_null(getenv("WATCHDOG_PID"));

	/* The watchdog is another process' matter. */
	set(name, "3000000", "1");
	notify_open(&notify);
	notify_ready(&notify, 10000);
	assert_heard(fd, "READY=1");
	assert_int_equal(notify_alive(&notify, 10000), -1);
	notify_close(&notify);
	close(fd);
}

/* Nothing there, nobody there, no name of a socket, too long a name: as without a manager. */
static void test_nobody(void **state)
{
	static char longest[300];
	const char *names[] = { NULL, "", "@", "relative", "/tmp/espalier-no-such-socket", longest };
	struct notify notify;

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[0] = '/';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i])
			set(names[i], "1000000", NULL);
		notify_open(&notify);
		assert_int_equal(notify.fd, -1);
		notify_ready(&notify, 0);
		assert_int_equal(notify_alive(&notify, 0), -1);
		notify_stopping(&notify);
		notify_close(&notify);
	}
}

/* A manager that reads nothing holds nobody up; one that has gone kills nobody. */
static void test_deaf(void **state)
{
	struct notify notify;
	int fd = manager("@espalier-deaf-%ld");

	(void)state;
	set(name, "2000", NULL);
	notify_open(&notify);
	for (uint64_t i = 0; i < 10000; i++)
		notify_alive(&notify, i);
	close(fd);
	notify_stopping(&notify);
	notify_close(&notify);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_watchdog),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_deaf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
