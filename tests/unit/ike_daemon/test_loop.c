/* SPDX-License-Identifier: Apache-2.0 */
/* espalier-ike as a process with its real sockets, control socket and signals, around an agent and a gateway that only count. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl/ctl.h"
#include "daemon/daemon.h"
#include "fake_agent.h"

static char directory[64], config[96], control[96], log_path[96];
static uint16_t port, nat_port;
static pid_t daemon_pid;
static int peer;

static void write_config(const char *text)
{
	FILE *file = fopen(config, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static struct endpoint local_endpoint(uint16_t number)
{
	struct endpoint e = { { 0 }, number };

	assert_int_equal(ip_parse("127.0.0.1", &e.ip), 0);
	return e;
}

static int bound(uint16_t *number)
{
	struct endpoint e = local_endpoint(*number);
	struct sockaddr_storage address;
	socklen_t len = endpoint_to_sockaddr(&e, &address);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	assert_int_equal(endpoint_from_sockaddr((struct sockaddr *)&address, &e), 0);
	*number = e.port;
	return fd;
}

static int setup(void **state)
{
	static const struct timeval patience = { 20, 0 };
	uint16_t any = 0;
	int fd[2];

	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/espalier-loop-XXXXXX");
	assert_non_null(mkdtemp(directory));
	assert_int_equal(chmod(directory, 0755), 0);
	snprintf(config, sizeof(config), "%s/swanctl.conf", directory);
	snprintf(control, sizeof(control), "%s/control", directory);
	snprintf(log_path, sizeof(log_path), "%s/log", directory);
	write_config("connections { }\n");
	fake_open();
	fake->stops_at_once = true;
	port = nat_port = 0;
	fd[0] = bound(&port);
	fd[1] = bound(&nat_port);
	close(fd[0]);
	close(fd[1]);
	peer = bound(&any);
	assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	close(peer);
	fake_close();
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return system(command);
}

/* In the child: never returns. */
static void run_daemon(const char *const *more, int out)
{
	char ports[2][8];
	char *argv[32] = { "espalier-ike", "--config", config, "--control", control, "--port", ports[0], "--nat-port", ports[1] };
	int argc = 9;
	struct daemon_options options;

	for (; *more; more++)
		argv[argc++] = (char *)*more;
	snprintf(ports[0], sizeof(ports[0]), "%u", port);
	snprintf(ports[1], sizeof(ports[1]), "%u", nat_port);
	dup2(out, STDOUT_FILENO);
	if (!freopen(log_path, "w", stderr) || options_parse(argc, argv, &options) != OPTIONS_RUN)
		_exit(99);
	exit(daemon_run(&options));
}

/* Start; true if it said ready, alone on a line. */
static bool start(const char *const *more)
{
	char line[16] = "";
	int out[2];
	FILE *file;

	assert_int_equal(pipe(out), 0);
	fflush(NULL);
	daemon_pid = fork();
	assert_true(daemon_pid >= 0);
	if (!daemon_pid) {
		close(peer);
		run_daemon(more, out[1]);
	}
	close(out[1]);
	file = fdopen(out[0], "r");
	if (!fgets(line, sizeof(line), file))
		line[0] = 0;
	fclose(file);
	return !strcmp(line, "ready\n");
}

static const char *const no_more[] = { NULL };

/* The exit status. */
static int end_of_daemon(void)
{
	int status;

	assert_int_equal(waitpid(daemon_pid, &status, 0), daemon_pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int stop(void)
{
	assert_int_equal(kill(daemon_pid, SIGTERM), 0);
	return end_of_daemon();
}

static bool log_has(const char *text)
{
	char buffer[16384];
	FILE *file = fopen(log_path, "r");
	size_t len = fread(buffer, 1, sizeof(buffer) - 1, file);

	fclose(file);
	buffer[len] = 0;
	return strstr(buffer, text);
}

static void peer_sends(uint16_t to_port, const void *data, size_t len)
{
	struct endpoint to = local_endpoint(to_port);
	struct sockaddr_storage address;
	socklen_t size = endpoint_to_sockaddr(&to, &address);

	assert_int_equal(sendto(peer, data, len, 0, (struct sockaddr *)&address, size), (ssize_t)len);
}

static void expect_echo(const void *data, size_t len)
{
	char got[64];

	assert_int_equal(recv(peer, got, sizeof(got), 0), (ssize_t)len);
	assert_memory_equal(got, data, len);
}

/* What the daemon answers; a new reference. */
static json_t *ask(enum ctl_command command, const char *name, bool ike, bool reauth)
{
	struct ctl_request request = { .command = command, .ike = ike, .reauth = reauth, .timeout_s = command == CTL_UP ? 3 : 0 };
	char error[CTL_ERROR_LEN];
	json_t *answer;

	snprintf(request.name, sizeof(request.name), "%s", name);
	assert_int_equal(ctl_ask(control, &request, NULL, NULL, &answer, error), 0);
	return answer;
}

static void expect_answer(json_t *answer, bool ok, const char *member, const char *text)
{
	assert_int_equal(json_is_true(json_object_get(answer, "ok")), ok);
	assert_string_equal(json_string_value(json_object_get(answer, member)), text);
	json_decref(answer);
}

static void test_serves_and_ends(void **state)
{
	(void)state;
	assert_true(start(no_more));
	peer_sends(port, "hello", 5);
	expect_echo("hello", 5);
	peer_sends(nat_port, "\0\0\0\0hello", 9);
	expect_echo("\0\0\0\0hello", 9);
	assert_int_equal(fake->configured, 1);
	assert_int_equal(fake->received, 2);
	assert_int_equal(fake->esp_sockets, 2);
	assert_int_equal(fake->flushes, 0); /* what stands stays until the agent has loaded and sweeps */
	assert_false(fake->keylog);
	assert_int_equal(stop(), 0);
	assert_int_equal(fake->stops, 1);
	assert_int_equal(fake->destroyed, 1);
}

/* Peers that never answer the last deletes are waited for, but not for ever; a second signal ends that. */
static void test_end_is_bounded(void **state)
{
	(void)state;
	fake->stops_at_once = false;
	assert_true(start(no_more));
	assert_int_equal(stop(), 0);
	assert_true(start(no_more));
	assert_int_equal(kill(daemon_pid, SIGTERM), 0);
	while (fake->stops != 2)
		usleep(1000);
	assert_int_equal(kill(daemon_pid, SIGINT), 0);
	assert_int_equal(end_of_daemon(), 0);
	assert_int_equal(fake->destroyed, 2);
}

static void test_commands(void **state)
{
	(void)state;
	assert_true(start(no_more));
	expect_answer(ask(CTL_UP, "net", false, false), true, "text", "net within 3000 ms");
	expect_answer(ask(CTL_UP, "bad", false, false), false, "error", "bad within 3000 ms");
	expect_answer(ask(CTL_DOWN, "#3", false, false), true, "text", "#3");
	expect_answer(ask(CTL_REKEY, "{5}", false, false), true, "text", "{5} ike 0 reauth 0");
	expect_answer(ask(CTL_REKEY, "conn", true, false), true, "text", "conn ike 1 reauth 0");
	expect_answer(ask(CTL_REKEY, "conn", false, true), true, "text", "conn ike 0 reauth 1");
	assert_int_equal(stop(), 0);
}

static void test_list(void **state)
{
	static const char expected[] =
		"[{\"name\":\"conn\",\"id\":3,\"state\":\"ESTABLISHED\",\"role\":\"initiator\",\"local\":\"192.0.2.1:4500\",\"remote\":\"192.0.2.1:1234\","
		"\"local_id\":\"a\",\"remote_id\":\"b\",\"spi_i\":\"0000000000000123\",\"spi_r\":\"ffffffffffffffff\",\"nat\":\"remote\","
		"\"proposal\":\"AES_GCM_16_256\",\"age_s\":7,\"children\":[{\"name\":\"net\",\"id\":5,\"reqid\":6,\"state\":\"INSTALLED\","
		"\"mode\":\"tunnel\",\"spi_in\":\"00000abc\",\"spi_out\":\"ffffffff\",\"proposal\":\"AES_GCM_16_128\",\"esn\":true,\"udp_encap\":false,"
		"\"local_ts\":[\"192.0.2.0/24\"],\"remote_ts\":[\"192.0.2.0/24\"],\"packets_in\":10,\"packets_out\":1099511627776,\"bytes_in\":1000,"
		"\"bytes_out\":1125899906842624,\"replay\":2,\"integrity\":0,\"other\":0,\"age_s\":4}]}]";
	json_t *answer, *wanted = json_loads(expected, 0, NULL);

	(void)state;
	assert_non_null(wanted);
	assert_true(start(no_more));
	answer = ask(CTL_LIST, "", false, false);
	assert_true(json_equal(json_object_get(answer, "ike_sas"), wanted));
	assert_int_equal(json_integer_value(json_object_get(json_object_get(answer, "stats"), "ike_sas")), 1);
	json_decref(answer);
	json_decref(wanted);
	assert_int_equal(stop(), 0);
}

/* A request that ends later, and one whose client does not wait for that. */
static void test_later(void **state)
{
	pid_t client;
	int status;

	(void)state;
	assert_true(start(no_more));
	for (int gives_up = 0; gives_up < 2; gives_up++) {
		fflush(NULL);
		client = fork();
		assert_true(client >= 0);
		if (!client) {
			expect_answer(ask(CTL_UP, "later", false, false), true, "text", "came later");
			_exit(0);
		}
		if (gives_up) {
			usleep(200000); /* let the request arrive; when not, the test is content too */
			kill(client, SIGKILL);
		}
		do {
			peer_sends(port, "x", 1);
			expect_echo("x", 1);
		} while (!waitpid(client, &status, WNOHANG) && !usleep(10000));
		assert_true(gives_up ? WIFSIGNALED(status) : WIFEXITED(status) && !WEXITSTATUS(status));
	}
	assert_int_equal(stop(), 0);
}

static void test_reload(void **state)
{
	static const char broken[] = "connections {\n\tone {\n\t\tno_such_key = 1\n\t}\n}\n";
	char where[128];
	json_t *answer;

	(void)state;
	assert_true(start(no_more));
	answer = ask(CTL_RELOAD, "", false, false);
	assert_true(json_is_true(json_object_get(answer, "ok")));
	json_decref(answer);
	assert_int_equal(fake->configured, 2);
	assert_int_equal(kill(daemon_pid, SIGHUP), 0);
	while (fake->configured != 3)
		usleep(1000);
	write_config(broken);
	snprintf(where, sizeof(where), "%s:3", config);
	answer = ask(CTL_RELOAD, "", false, false);
	assert_false(json_is_true(json_object_get(answer, "ok")));
	assert_non_null(strstr(json_string_value(json_object_get(answer, "error")), where));
	json_decref(answer);
	assert_int_equal(fake->configured, 3);
	/* And at start it is the end. */
	assert_int_equal(stop(), 0);
	assert_false(start(no_more));
	assert_int_equal(end_of_daemon(), 1);
	assert_true(log_has(where));
}

/* Policies that take their time: datagrams have their turn meanwhile, and `reload` is answered when they are set. */
static void test_slow_reload(void **state)
{
	struct ctl_request request = { .command = CTL_RELOAD };
	char error[CTL_ERROR_LEN];
	unsigned int before;
	json_t *answer;
	pid_t client;
	int status;

	(void)state;
	assert_true(start(no_more));
	before = fake->configured;
	fake->slow = 500;
	client = fork();
	if (!client)
		_exit(ctl_ask(control, &request, NULL, NULL, &answer, error) || !json_is_true(json_object_get(answer, "ok")) || fake->slow);
	while (fake->configured == before)
		usleep(1000);
	peer_sends(port, "x", 1);
	expect_echo("x", 1);
	assert_true(fake->slow > 0);
	assert_int_equal(waitpid(client, &status, 0), client);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
	assert_int_equal(stop(), 0);
}

/* A gateway that came back gets the sockets again. */
static void test_gateway_comes_back(void **state)
{
	(void)state;
	assert_true(start(no_more));
	assert_int_equal(fake->esp_sockets, 2);
	fake->gateway_ups = 1;
	while (fake->esp_sockets != 4)
		usleep(1000);
	assert_int_equal(stop(), 0);
}

/* Timers and control have their turn while the network sends more than can be handled. */
static void test_flood(void **state)
{
	unsigned int before;
	pid_t flooder;

	(void)state;
	assert_true(start(no_more));
	flooder = fork();
	assert_true(flooder >= 0);
	if (!flooder) {
		for (;;)
			peer_sends(port, "flood", 5);
	}
	while (fake->received < 1000)
		usleep(1000);
	before = fake->ticks;
	expect_answer(ask(CTL_UP, "net", false, false), true, "text", "net within 3000 ms");
	while (fake->ticks < before + 3)
		usleep(1000);
	assert_int_equal(kill(daemon_pid, SIGTERM), 0);
	assert_int_equal(end_of_daemon(), 0);
	kill(flooder, SIGKILL);
	waitpid(flooder, NULL, 0);
}

static void test_does_not_start(void **state)
{
	static const char *const no_user[] = { "--user", "no-such-user-here", NULL };
	uint16_t taken = port;
	int fd;

	(void)state;
	assert_false(start(no_user));
	assert_int_equal(end_of_daemon(), 1);
	assert_true(log_has("no-such-user-here"));
	fake->no_gateway = true;
	assert_false(start(no_more));
	assert_int_equal(end_of_daemon(), 1);
	assert_true(log_has("not for you"));
	fake->no_gateway = false;
	fd = bound(&taken);
	assert_false(start(no_more));
	assert_int_equal(end_of_daemon(), 1);
	assert_true(log_has("in use"));
	close(fd);
	assert_int_equal(fake->configured, 0);
}

static void test_keylog_warns(void **state)
{
	char keys[96];
	const char *const more[] = { "--keylog", keys, NULL };

	(void)state;
	snprintf(keys, sizeof(keys), "%s/keys", directory);
	assert_true(start(more));
	assert_true(fake->keylog);
	assert_int_equal(stop(), 0);
	assert_true(log_has("WARNING"));
	assert_true(log_has(keys));
}

static enum options_result parse(const char *first, const char *second, struct daemon_options *options)
{
	char *argv[] = { "espalier-ike", (char *)first, (char *)second, NULL };

	optind = 0;
	return options_parse(second ? 3 : 2, argv, options);
}

static void test_options(void **state)
{
	static const char *const bad[][2] = { { "--port", "0" }, { "--port", "65536" }, { "--port", "x" }, { "--nat-port", "-1" }, { "--log", "loud" },
					      { "--set", "retransmit_timeout" }, { "--set", "retransmit_timeout=" }, { "--set", "retransmit_timeout=x" },
					      { "--set", "retransmit_tries=1.5" }, { "--set", "retransmit_tries=-1" }, { "--set", "no_such=1" },
					      { "--set", "fragment_size=99999999999" }, { "--set", "keep_alive=nan" }, { "word", NULL } };
	struct daemon_options o;
	int quiet = open("/dev/null", O_WRONLY), loud = dup(STDERR_FILENO);

	(void)state;
	dup2(quiet, STDERR_FILENO);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse(bad[i][0], bad[i][1], &o), OPTIONS_BAD);
	dup2(loud, STDERR_FILENO);
	assert_int_equal(parse("--port", "501", &o), OPTIONS_RUN);
	assert_int_equal(o.port, 501);
	assert_int_equal(o.nat_port, 4500);
	assert_int_equal(o.settings.retransmit_ms, 4000);
	assert_null(o.keylog);
	assert_int_equal(parse("--set", "retransmit_timeout=1.5", &o), OPTIONS_RUN);
	assert_int_equal(o.settings.retransmit_ms, 1500);
	assert_int_equal(parse("--set", "retransmit_base=1.8", &o), OPTIONS_RUN);
	assert_int_equal(o.settings.retransmit_percent, 180);
	assert_int_equal(parse("--set", "cookie_threshold=0", &o), OPTIONS_RUN);
	assert_int_equal(o.settings.cookie_threshold, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_serves_and_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_end_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_commands, setup, teardown),
		cmocka_unit_test_setup_teardown(test_list, setup, teardown),
		cmocka_unit_test_setup_teardown(test_later, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reload, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slow_reload, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gateway_comes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flood, setup, teardown),
		cmocka_unit_test_setup_teardown(test_does_not_start, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keylog_warns, setup, teardown),
		cmocka_unit_test(test_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
