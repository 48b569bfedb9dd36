/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket's server with handlers of our own, over real sockets: requests, answers, and all that clients can do wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl/server_internal.h"

static char error[CTL_ERROR_LEN];
static char directory[] = "/tmp/ike_ctl.XXXXXX";
static char path[64];
static struct ctl_server *server;

/* What the handlers have seen. */
static struct ctl_request last;
static struct ctl_call *pending;
static unsigned int calls, cancelled;

/* Ends at once; the list with as many items as the test wants. */
static int list_items;

static void on_named(void *context, struct ctl_call *call, const struct ctl_request *request)
{
	assert_ptr_equal(context, &server);
	last = *request;
	calls++;
	if (!strcmp(request->name, "later")) {
		pending = call;
		return;
	}
	ctl_call_log(call, "a line\n");
	if (!strcmp(request->name, "bad"))
		ctl_finish(call, NULL, "it is \xff" "bad");
	else
		ctl_finish(call, json_pack("{s:s}", "text", "done"), NULL);
}

static void on_plain(void *context, struct ctl_call *call, const struct ctl_request *request)
{
	json_t *items = json_array();

	(void)context;
	last = *request;
	calls++;
	for (int i = 0; i < list_items; i++)
		json_array_append_new(items, json_string("0123456789012345678901234567890123456789"));
	ctl_finish(call, json_pack("{s:o}", "items", items), NULL);
}

static void on_cancel(void *context, struct ctl_call *call)
{
	(void)context;
	assert_ptr_equal(call, pending);
	pending = NULL;
	cancelled++;
}

static const struct ctl_handlers handlers = { on_named, on_named, on_plain, on_named, on_plain, on_cancel };

/* ---- the other side ------------------------------------------------------------------------------------------------------- */

static void run(void)
{
	struct pollfd p = { ctl_server_fd(server), POLLIN, 0 };

	while (poll(&p, 1, 0) == 1)
		ctl_server_run(server);
}

static int connect_client(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	strcpy(address.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	run();
	return fd;
}

static void say(int fd, const char *text)
{
	size_t len = strlen(text);

	assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), len);
	run();
}

/* All that has come; "" if nothing, "(end)" behind it at the end of the connection. */
static const char *hear(int fd)
{
	static char text[1 << 16];
	size_t len = 0;
	ssize_t n = 1;

	run();
	while (len < sizeof(text) - 8 && (n = recv(fd, text + len, sizeof(text) - 8 - len, 0)) > 0) {
		len += (size_t)n;
		run();
	}
	strcpy(text + len, n == 0 || (n < 0 && errno == ECONNRESET) ? "(end)" : "");
	return text;
}

static void check_hear(int fd, const char *expected)
{
	assert_string_equal(hear(fd), expected);
}

static int open_server(void **unused)
{
	(void)unused;
	pending = NULL;
	calls = cancelled = 0;
	list_items = 0;
	return ctl_server_open(path, &handlers, &server, &server, error);
}

static int close_server(void **unused)
{
	(void)unused;
	ctl_server_close(server);
	server = NULL;
	return access(path, F_OK) ? 0 : -1; /* the file is gone */
}

#define OK "{\"ok\":true,\"items\":[]}\n"
#define LINE "{\"log\":\"a line\"}\n"

static void test_requests(void **unused)
{
	int fd = connect_client();

	(void)unused;
	say(fd, "{\"command\":\"list\"}\n");
	check_hear(fd, OK);
	say(fd, "{\"command\":\"up\",\"name\":\"gw/net\",\"timeout_s\":7}\n");
	check_hear(fd, LINE "{\"ok\":true,\"text\":\"done\"}\n");
	assert_int_equal(last.command, CTL_UP);
	assert_string_equal(last.name, "gw/net");
	assert_int_equal(last.timeout_s, 7);
	say(fd, "{\"name\":\"bad\",\"command\":\"down\"}\r\n");
	check_hear(fd, LINE "{\"error\":\"it is ?bad\",\"ok\":false}\n");
	say(fd, "{\"command\":\"rekey\",\"name\":\"{5}\",\"ike\":true,\"reauth\":false}\n");
	check_hear(fd, LINE "{\"ok\":true,\"text\":\"done\"}\n");
	assert_string_equal(last.name, "{5}");
	assert_true(last.ike);
	assert_false(last.reauth);
	say(fd, "{\"command\":\"reload\"}\n");
	check_hear(fd, OK);
	assert_int_equal(last.command, CTL_RELOAD);
	close(fd);
}

static void test_not_requests(void **unused)
{
	static const char *const lines[] = {
		"x", "[]", "3", "\"up\"", "{", "{}", "{\"command\":3}", "{\"command\":\"lost\"}", "{\"command\":\"up\"}",
		"{\"command\":\"up\",\"name\":\"\"}",
		"{\"command\":\"up\",\"name\":3}", "{\"command\":\"up\",\"name\":\"a b\"}", "{\"command\":\"up\",\"name\":\"#3\"}",
		"{\"command\":\"down\",\"name\":\"#\"}", "{\"command\":\"down\",\"name\":\"#3x\"}", "{\"command\":\"down\",\"name\":\"{3\"}",
		"{\"command\":\"down\",\"name\":\"{}\"}", "{\"command\":\"down\",\"name\":\"#12345678901\"}",
		"{\"command\":\"up\",\"name\":\"a\\u0000b\"}",
		"{\"command\":\"up\",\"name\":\"a/b/c\"}", "{\"command\":\"up\",\"name\":\"/b\"}", "{\"command\":\"up\",\"name\":\"a/\"}",
		"{\"command\":\"up\",\"name\":\"a\",\"name\":\"b\"}", "{\"command\":\"up\",\"name\":\"a\",\"timeout_s\":-1}",
		"{\"command\":\"up\",\"name\":\"a\",\"timeout_s\":86401}", "{\"command\":\"up\",\"name\":\"a\",\"timeout_s\":1.5}",
		"{\"command\":\"up\",\"name\":\"a\",\"more\":1}", "{\"command\":\"list\",\"name\":\"a\"}", "{\"command\":\"list\"} {}",
		"{\"command\":\"rekey\",\"name\":\"a\",\"ike\":1}", "{\"command\":\"down\",\"name\":\"a\",\"timeout_s\":1}",
		"{\"command\":\"li\xffst\"}",
	};
	int fd = connect_client();

	(void)unused;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		const char *answer;

		say(fd, lines[i]);
		say(fd, "\n");
		answer = hear(fd);
		if (strncmp(answer, "{\"error\":\"", 10) || !strstr(answer, "\"ok\":false}\n"))
			fail_msg("%s: %s", lines[i], answer);
	}
	assert_int_equal(calls, 0);
	say(fd, "{\"command\":\"list\"}\n");
	check_hear(fd, OK);
	close(fd);
}

static void test_pieces(void **unused)
{
	static const char text[] = "{\"command\":\"list\"}\n";
	int fd = connect_client();

	(void)unused;
	for (size_t i = 0; text[i]; i++) {
		check_hear(fd, "");
		say(fd, (const char[]){ text[i], 0 });
	}
	check_hear(fd, OK);
	say(fd, "\n\r\n{\"command\":\"list\"}\n{\"command\":\"list\"}\n{\"command\":");
	check_hear(fd, OK OK);
	say(fd, "\"list\"}\n");
	check_hear(fd, OK);
	close(fd);
}

/* A request is answered when its time has come, the one behind it after that. */
static void test_later(void **unused)
{
	int fd = connect_client(), other = connect_client();

	(void)unused;
	say(fd, "{\"command\":\"up\",\"name\":\"later\"}\n{\"command\":\"list\"}\n");
	check_hear(fd, "");
	assert_non_null(pending);
	say(other, "{\"command\":\"list\"}\n");
	check_hear(other, OK);
	ctl_call_log(pending, "soon");
	check_hear(fd, "{\"log\":\"soon\"}\n");
	ctl_finish(pending, NULL, NULL);
	pending = NULL;
	check_hear(fd, "{\"ok\":true}\n" OK);
	close(fd);
	close(other);
	run();
	assert_int_equal(cancelled, 0);
}

/* An answer in parts: one line in the end; a client that does not read is not given more; others are served meanwhile; one without end is no answer. */
static void test_parts(void **unused)
{
	int fd = connect_client(), other = connect_client();
	char part[1001];
	size_t len = 0;

	(void)unused;
	memset(part, 'x', 1000);
	part[1000] = '\0';
	say(fd, "{\"command\":\"up\",\"name\":\"later\"}\n{\"command\":\"list\"}\n");
	while (!ctl_call_full(pending)) {
		ctl_call_part(pending, part);
		len += 1000;
	}
	assert_true(len < 2u << 20);
	say(other, "{\"command\":\"list\"}\n");
	check_hear(other, OK);
	for (size_t got = 0; got < len; ) {
		size_t n = strlen(hear(fd));

		assert_true(n);
		got += n;
		assert_true(got <= len);
	}
	assert_false(ctl_call_full(pending));
	ctl_call_part(pending, "end");
	ctl_finish_parts(pending, true);
	check_hear(fd, "end\n" OK);
	say(fd, "{\"command\":\"up\",\"name\":\"later\"}\n");
	ctl_call_part(pending, "begun");
	ctl_finish_parts(pending, false);
	check_hear(fd, "begun(end)");
	close(fd);
	close(other);
}

static void test_gone(void **unused)
{
	int fd = connect_client();

	(void)unused;
	say(fd, "{\"command\":\"up\",\"name\":\"later\"}\n");
	assert_non_null(pending);
	close(fd);
	run();
	assert_int_equal(cancelled, 1);
	assert_null(pending);

	fd = connect_client();
	say(fd, "{\"command\":\"up\",\"name\":\"later\"}\n");
	assert_non_null(pending);
	ctl_server_close(server); /* cancels too */
	assert_int_equal(cancelled, 2);
	assert_int_equal(open_server(NULL), 0);
	check_hear(fd, "(end)");
	close(fd);
}

/* A client that closes only its sending side still gets its answer, then the end. */
static void test_half_closed(void **unused)
{
	int fd = connect_client();

	(void)unused;
	say(fd, "{\"command\":\"up\",\"name\":\"later\"}\n");
	shutdown(fd, SHUT_WR);
	run();
	assert_non_null(pending);
	ctl_finish(pending, NULL, "no");
	check_hear(fd, "{\"error\":\"no\",\"ok\":false}\n(end)");
	close(fd);

	fd = connect_client();
	assert_int_equal(send(fd, "{\"command\":\"list\"}\n{\"comm", 25, 0), 25);
	shutdown(fd, SHUT_WR);
	check_hear(fd, OK "(end)");
	close(fd);
}

static void test_long_line(void **unused)
{
	char text[CTL_REQUEST_MAX + 2];
	int fd = connect_client();

	(void)unused;
	memset(text, ' ', sizeof(text));
	strcpy(text + CTL_REQUEST_MAX - 19, "{\"command\":\"list\"}\n");
	say(fd, text);
	check_hear(fd, OK);
	memset(text, 'x', CTL_REQUEST_MAX);
	text[CTL_REQUEST_MAX] = '\0';
	say(fd, text);
	check_hear(fd, "");
	say(fd, "x");
	check_hear(fd, "{\"error\":\"the line is too long\",\"ok\":false}\n(end)");
	close(fd);
}

static void test_log(void **unused)
{
	int fd = connect_client(), other = connect_client();

	(void)unused;
	ctl_server_log(server, "nobody hears");
	say(fd, "{\"command\":\"log\"}\n");
	ctl_server_log(server, "one \"line\"\n");
	ctl_server_log(server, "not UTF-8: \xc3\x28\n");
	check_hear(fd, "{\"log\":\"one \\\"line\\\"\"}\n{\"log\":\"not UTF-8: ?(\"}\n");
	check_hear(other, "");
	say(fd, "{\"command\":\"list\"}\n"); /* no more requests */
	check_hear(fd, "");
	say(other, "{\"command\":\"log\"}\n{\"command\":\"list\"}\n");
	check_hear(other, "");
	close(fd);
	ctl_server_log(server, "nobody hears");
	run();
	assert_int_equal(server->count, 1);
	close(other);
}

static void test_does_not_read(void **unused)
{
	static char line[4096];
	int fd = connect_client(), i;

	(void)unused;
	memset(line, 'x', sizeof(line) - 1);
	say(fd, "{\"command\":\"log\"}\n");
	for (i = 0; i < 10000 && server->count; i++) {
		ctl_server_log(server, line);
		run();
	}
	assert_in_range(i, 1, 9999);
	close(fd);

	/* An answer larger than the socket takes: it waits, as does the next request; ticks bring the end, reading puts that off. */
	list_items = 100000;
	calls = 0;
	fd = connect_client();
	say(fd, "{\"command\":\"list\"}\n{\"command\":\"list\"}\n");
	assert_int_equal(calls, 1);
	for (unsigned int tick = 0; tick < CTL_IDLE_TICKS - 1; tick++)
		ctl_server_tick(server);
	run();
	assert_int_equal(server->count, 1);
	hear(fd);
	for (unsigned int tick = 0; tick < CTL_IDLE_TICKS; tick++)
		ctl_server_tick(server);
	run();
	assert_int_equal(server->count, 0);
	close(fd);

	/* One that reads slowly gets all of it. */
	fd = connect_client();
	say(fd, "{\"command\":\"list\"}\n");
	for (size_t got = 0;;) {
		size_t len = strlen(hear(fd));

		got += len;
		ctl_server_tick(server);
		if (!len) {
			assert_int_equal(got, strlen("{\"ok\":true,\"items\":[]}\n") + 100000 * 43 - 1);
			break;
		}
	}
	close(fd);
}

static void test_idle(void **unused)
{
	int half = connect_client(), idle = connect_client(), waiting = connect_client();

	(void)unused;
	say(half, "{\"command\"");
	say(waiting, "{\"command\":\"up\",\"name\":\"later\"}\n{\"comm");
	for (unsigned int tick = 0; tick < 2 * CTL_IDLE_TICKS; tick++) {
		ctl_server_tick(server);
		say(half, " "); /* slow, but on its way */
	}
	assert_int_equal(server->count, 3);
	for (unsigned int tick = 0; tick < 2 * CTL_IDLE_TICKS; tick++)
		ctl_server_tick(server);
	check_hear(half, "(end)");
	check_hear(idle, "");
	check_hear(waiting, "");
	assert_int_equal(server->count, 2);
	close(half);
	close(idle);
	close(waiting);
	run();
	assert_int_equal(cancelled, 1);
}

static void test_many_clients(void **unused)
{
	int fds[CTL_CLIENTS_MAX], more;

	(void)unused;
	for (unsigned int i = 0; i < CTL_CLIENTS_MAX; i++)
		fds[i] = connect_client();
	more = connect_client();
	check_hear(more, "{\"ok\":false,\"error\":\"too many clients\"}\n(end)");
	close(more);
	for (unsigned int i = 0; i < CTL_CLIENTS_MAX; i++)
		say(fds[i], "{\"command\":\"list\"}\n");
	for (unsigned int i = 0; i < CTL_CLIENTS_MAX; i++)
		check_hear(fds[i], OK);
	close(fds[3]);
	run();
	more = connect_client();
	say(more, "{\"command\":\"list\"}\n");
	check_hear(more, OK);
	close(more);
	for (unsigned int i = 0; i < CTL_CLIENTS_MAX; i++)
		if (i != 3)
			close(fds[i]);
	run();
	assert_int_equal(server->count, 0);
}

/* Random bytes, random ends: the server is there for the next client. */
static void test_noise(void **unused)
{
	static const char *const words[] = { "{\"command\":\"", "list", "up", "\",\"name\":\"", "later", "net", "\"}", "\n", "\0", "\xff", "{",
			"log" };
	unsigned int seed = 1;
	int fd;

	(void)unused;
	for (int round = 0; round < 2000; round++) {
		fd = connect_client();
		for (int n = rand_r(&seed) % 12; n > 0; n--) {
			const char *word = words[(unsigned int)rand_r(&seed) % (sizeof(words) / sizeof(*words))];

			send(fd, word, *word ? strlen(word) : 1, MSG_NOSIGNAL);
			if (rand_r(&seed) % 2)
				run();
			if (pending && rand_r(&seed) % 2) {
				ctl_finish(pending, NULL, NULL);
				pending = NULL;
			}
		}
		close(fd);
		run();
		assert_int_equal(server->count, 0);
		assert_null(pending);
	}
	fd = connect_client();
	list_items = 0;
	say(fd, "{\"command\":\"list\"}\n");
	check_hear(fd, OK);
	close(fd);
}

/* ---- the file ------------------------------------------------------------------------------------------------------------- */

static void test_file(void **unused)
{
	struct ctl_server *second;
	struct stat st;
	int fd;

	(void)unused;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(ctl_server_open(path, &handlers, &server, &second, error), -EADDRINUSE);
	assert_non_null(strstr(error, "in use"));
	assert_null(second);
	run();
	fd = connect_client(); /* the first one still serves */
	say(fd, "{\"command\":\"list\"}\n");
	check_hear(fd, OK);
	close(fd);
}

static void test_left_behind(void **unused)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char other[128];

	(void)unused;
	strcpy(address.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd); /* the file stays */
	assert_int_equal(open_server(NULL), 0);
	assert_int_equal(unlink(path), 0);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	ctl_server_close(server); /* a file of somebody else's is left alone */
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(open_server(NULL), -EEXIST);
	assert_non_null(strstr(error, "not a socket"));
	unlink(path);
	assert_int_equal(ctl_server_open("/nonexistent/x", &handlers, &server, &server, error), -ENOENT);
	memset(other, 'x', sizeof(other));
	other[sizeof(other) - 1] = '\0';
	assert_int_equal(ctl_server_open(other, &handlers, &server, &server, error), -ENAMETOOLONG);
	ctl_server_close(NULL);
}

/* ---- requests there and back ---------------------------------------------------------------------------------------------- */

static void test_build(void **unused)
{
	static const struct ctl_request requests[] = {
		{ .command = CTL_UP, .name = "a/b", .timeout_s = 86400 }, { .command = CTL_DOWN, .name = "#4294967295" }, { .command = CTL_LIST },
		{ .command = CTL_REKEY, .name = "{1}", .ike = true, .reauth = true }, { .command = CTL_RELOAD }, { .command = CTL_LOG },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
		json_t *object = ctl_request_build(&requests[i]);
		char *text = json_dumps(object, 0);
		struct ctl_request back;

		assert_int_equal(ctl_request_parse(text, strlen(text), &back, error), 0);
		assert_int_equal(back.command, requests[i].command);
		assert_string_equal(back.name, requests[i].name);
		assert_int_equal(back.timeout_s, requests[i].timeout_s);
		assert_int_equal(back.ike, requests[i].ike);
		assert_int_equal(back.reauth, requests[i].reauth);
		free(text);
		json_decref(object);
	}
}

static void test_long_names(void **unused)
{
	char text[CTL_REQUEST_MAX + 64], name[CTL_NAME_MAX + 1];
	struct ctl_request request;

	(void)unused;
	memset(name, 'x', sizeof(name));
	snprintf(text, sizeof(text), "{\"command\":\"up\",\"name\":\"%.*s\"}", (int)CTL_NAME_MAX - 1, name);
	assert_int_equal(ctl_request_parse(text, strlen(text), &request, error), 0);
	assert_int_equal(strlen(request.name), CTL_NAME_MAX - 1);
	snprintf(text, sizeof(text), "{\"command\":\"up\",\"name\":\"%.*s\"}", (int)CTL_NAME_MAX, name);
	assert_int_equal(ctl_request_parse(text, strlen(text), &request, error), -EINVAL);
	assert_string_equal(error, "name is too long");
	snprintf(text, sizeof(text), "{\"command\":\"list\"%*s}", (int)CTL_REQUEST_MAX - 18, "");
	assert_int_equal(ctl_request_parse(text, strlen(text), &request, error), 0);
	assert_int_equal(ctl_request_parse(text, strlen(text) + 1, &request, error), -EINVAL);
	assert_non_null(strstr(error, "longer than"));
}

static int make_directory(void **unused)
{
	(void)unused;
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/sock", directory);
	return 0;
}

static int remove_directory(void **unused)
{
	(void)unused;
	return rmdir(directory);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, open_server, close_server)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SERVER(test_requests),	WITH_SERVER(test_not_requests), WITH_SERVER(test_pieces),	WITH_SERVER(test_later), WITH_SERVER(test_parts),
		WITH_SERVER(test_gone),		WITH_SERVER(test_half_closed),	WITH_SERVER(test_long_line),
		WITH_SERVER(test_log),
		WITH_SERVER(test_does_not_read), WITH_SERVER(test_idle),	WITH_SERVER(test_many_clients), WITH_SERVER(test_noise),
		WITH_SERVER(test_file),		cmocka_unit_test(test_left_behind), cmocka_unit_test(test_build),
		cmocka_unit_test(test_long_names),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
