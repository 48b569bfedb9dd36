/* SPDX-License-Identifier: Apache-2.0 */
/* The SA sink's socket, both sides: every call and event through it, bad messages, a gateway that goes away, a second client. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_gateway.h"
#include "seed.h"
#include "sink/sink_client.h"
#include "sink/sink_proto.h"

#define WAIT_MS 20000 /* for what must come: long enough for any machine */

static char dir[] = "/tmp/espalier-sink-XXXXXX", path[64];
static struct fake_gateway gateway;

static struct sink *connect_client(void)
{
	char error[SINK_ERROR_LEN] = "";
	struct sink *sink;
	int ret = sink_connect(path, &sink, error);

	if (ret)
		print_error("%s\n", error);
	assert_int_equal(ret, 0);
	return sink;
}

static struct sink_event wait_event(struct sink *sink)
{
	struct pollfd poll_fd = { .fd = sink_fd(sink), .events = POLLIN };
	struct sink_event event;

	while (!sink_next_event(sink, &event))
		assert_int_equal(poll(&poll_fd, 1, WAIT_MS), 1);
	return event;
}

static void wait_clients(int count)
{
	for (int i = 0; i < WAIT_MS && __atomic_load_n(&gateway.clients, __ATOMIC_SEQ_CST) != count; i++)
		usleep(1000);
	assert_int_equal(gateway.clients, count);
}

/* ---- calls ---- */

static void assert_ip(const struct ip_addr *got, const struct ip_addr *want)
{
	assert_int_equal(got->family, want->family);
	assert_memory_equal(got->bytes, want->bytes, sizeof(got->bytes));
}

static void assert_endpoint(const struct endpoint *got, const struct endpoint *want)
{
	assert_ip(&got->ip, &want->ip);
	assert_int_equal(got->port, want->port);
}

static void assert_id(const struct sink_sa_id *got, const struct sink_sa_id *want)
{
	assert_int_equal(got->direction, want->direction);
	assert_int_equal(got->spi, want->spi);
	assert_ip(&got->dst, &want->dst);
}

/* As bytes of the protocol, which test_proto holds against the document: structures have padding. */
static void assert_request(const struct sink_request *got, const struct sink_request *want)
{
	uint8_t a[SINK_MESSAGE_MAX], b[SINK_MESSAGE_MAX];
	size_t len = sink_encode_request(0, want, a);

	assert_int_equal(sink_encode_request(0, got, b), len);
	assert_memory_equal(a, b, len);
}

static void every_call(void **state)
{
	static const struct ip_addr dst = { 4, { 192, 0, 2, 2 } };
	static const struct endpoint a = { { 4, { 192, 0, 2, 1 } }, 4500 }, b = { { 4, { 192, 0, 2, 2 } }, 1024 };
	const struct sink_sa_id id = { SINK_IN, 0x1234, dst };
	struct sink_sa sa = { .direction = SINK_OUT, .spi = 0x5678, .reqid = 3, .src = a, .dst = b, .udp_encap = true,
			      .aead = SINK_AES_GCM_16_128, .key = "0123456789abcdef0123", .key_len = 20, .seq = 1ull << 33 };
	struct sink_policy policy = { .reqid = 3, .spi = 0x5678, .peer = dst, .local_count = 1, .remote_count = 1,
				      .local = { { 0, 0, 65535, { 4, { 10 } }, { 4, { 10, 255 } } } },
				      .remote = { { 6, 80, 81, { 4, { 11 } }, { 4, { 11 } } } } };
	struct sink *sink = connect_client();
	struct sink_sa_stats stats, last;
	struct sink_caps caps;
	uint32_t spi;

	(void)state;
	gateway.caps = (struct sink_caps){ .aeads = 7, .tunnel = true, .sa_capacity = 4096, .device = "fake" };
	assert_int_equal(sink_caps(sink, &caps), 0);
	assert_memory_equal(&caps, &gateway.caps, sizeof(caps));
	gateway.spi = 0xabcdef01;
	assert_int_equal(sink_get_spi(sink, &dst, &spi), 0);
	assert_int_equal(spi, 0xabcdef01);
	assert_ip(&gateway.ip, &dst);
	assert_int_equal(sink_sa_add(sink, &sa), 0);
	assert_request(&(struct sink_request){ SINK_REQ_SA_ADD, { .sa = gateway.sa } }, &(struct sink_request){ SINK_REQ_SA_ADD, { .sa = sa } });
	assert_int_equal(sink_sa_update(sink, &id, &a, &b, true), 0);
	assert_id(&gateway.id, &id);
	assert_endpoint(&gateway.src, &a);
	assert_endpoint(&gateway.dst, &b);
	assert_true(gateway.udp_encap);
	gateway.stats = (struct sink_sa_stats){ 1, 2, 3, 4, 5, 6, 7 };
	assert_int_equal(sink_sa_query(sink, &id, &stats), 0);
	assert_memory_equal(&stats, &gateway.stats, sizeof(stats)); /* no padding in it */
	assert_int_equal(sink_sa_delete(sink, &id), 0);
	assert_string_equal(gateway.name, "sa_delete");
	assert_int_equal(sink_sa_delete_last(sink, &id, &last), 0);
	assert_string_equal(gateway.name, "sa_delete_last");
	assert_memory_equal(&last, &gateway.stats, sizeof(last));
	assert_int_equal(sink_policy_set(sink, &policy), 0);
	assert_request(&(struct sink_request){ SINK_REQ_POLICY_SET, { .policy = gateway.policy } },
		       &(struct sink_request){ SINK_REQ_POLICY_SET, { .policy = policy } });
	assert_int_equal(sink_policy_delete(sink, 3), 0);
	assert_int_equal(gateway.reqid, 3);
	assert_int_equal(sink_flush(sink), 0);
	assert_string_equal(gateway.name, "flush");
	assert_int_equal(sink_sweep(sink), 0);
	assert_string_equal(gateway.name, "sweep");
	assert_int_equal(gateway.calls, 11);
	sink_close(sink);
	wait_clients(0);
}

static void failed_call(void **state)
{
	struct sink *sink = connect_client();
	struct sink_policy policy = { .reqid = 1 };

	(void)state;
	gateway.ret = -ENOSPC;
	gateway.error = "All places are taken.";
	assert_int_equal(sink_flush(sink), -ENOSPC);
	assert_string_equal(sink_error(sink), "All places are taken.");
	gateway.ret = 0;
	assert_int_equal(sink_flush(sink), 0);
	assert_string_equal(sink_error(sink), "");
	assert_int_equal(sink_policy_set(sink, &policy), -EINVAL); /* no selector: refused on this side */
	assert_int_equal(gateway.calls, 2);
	sink_close(sink);
	wait_clients(0);
}

/* The descriptor that arrives is the socket that was given. */
static void hand_over_socket(void **state)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) }, got;
	const struct endpoint local = { { 4, { 127, 0, 0, 1 } }, 4500 };
	struct sink *sink = connect_client();
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t len = sizeof(name);

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &len), 0);
	assert_int_equal(sink_give_esp_socket(sink, -1, &local), -EINVAL);
	assert_int_equal(sink_give_esp_socket(sink, 9999, &local), -EINVAL);
	assert_int_equal(sink_give_esp_socket(sink, fd, &local), 0);
	close(fd);
	assert_endpoint(&gateway.src, &local);
	assert_int_equal(getsockname(gateway.esp_fd, (struct sockaddr *)&got, &len), 0);
	assert_int_equal(got.sin_port, name.sin_port);
	close(gateway.esp_fd);
	sink_close(sink);
	wait_clients(0);
}

/* ---- events ---- */

static void events_in_order(void **state)
{
	struct sink_event event = { .kind = SINK_EVENT_EXPIRE, .hard = true, .id = { SINK_IN, 0, { 4, { 1, 2, 3, 4 } } } }, got;
	struct pollfd poll_fd;
	struct sink *sink = connect_client();

	(void)state;
	poll_fd = (struct pollfd){ .fd = sink_fd(sink), .events = POLLIN };
	assert_int_equal(sink_next_event(sink, &got), 0);
	for (uint32_t i = 0; i < 100; i++) {
		event.id.spi = i;
		fake_event(&event);
		if (i % 10 == 0)
			assert_int_equal(sink_flush(sink), 0); /* events that come during a call are kept */
	}
	for (uint32_t i = 0; i < 100; i++) {
		event.id.spi = i;
		got = wait_event(sink);
		assert_int_equal(got.kind, SINK_EVENT_EXPIRE);
		assert_true(got.hard);
		assert_id(&got.id, &event.id);
	}
	assert_int_equal(poll(&poll_fd, 1, 0), 0); /* nothing left to wake up for */
	sink_close(sink);
	wait_clients(0);
}

/* More events than a socket holds wait in the server. */
static void many_events(void **state)
{
	struct sink_event event = { .kind = SINK_EVENT_ACQUIRE };
	struct sink *sink = connect_client();

	(void)state;
	for (uint32_t i = 0; i < 2000; i++) {
		event.reqid = i;
		fake_event(&event);
	}
	for (uint32_t i = 0; i < 2000; i++)
		assert_int_equal(wait_event(sink).reqid, i);
	sink_close(sink);
	wait_clients(0);
}

/* A client that never reads is let go; it learns that and comes back. */
static void deaf_client(void **state)
{
	struct sink_event event = { .kind = SINK_EVENT_ACQUIRE }, got;
	struct sink *sink = connect_client();
	unsigned int acquired = 0;

	(void)state;
	wait_clients(1);
	for (uint32_t i = 0; i < 20000 && __atomic_load_n(&gateway.clients, __ATOMIC_SEQ_CST); i++)
		fake_event(&event);
	wait_clients(0);
	while ((got = wait_event(sink)).kind == SINK_EVENT_ACQUIRE)
		acquired++;
	assert_true(acquired > 0);
	assert_int_equal(got.kind, SINK_EVENT_DOWN);
	assert_int_equal(wait_event(sink).kind, SINK_EVENT_UP);
	assert_int_equal(sink_flush(sink), 0);
	sink_close(sink);
	wait_clients(0);
}

/* ---- the gateway goes away ---- */

static void gateway_dies_and_returns(void **state)
{
	struct sink *sink = connect_client();
	struct sink_event got;

	(void)state;
	fake_stop();
	assert_int_equal(sink_flush(sink), -ENODEV);
	assert_true(strlen(sink_error(sink)) > 10);
	assert_int_equal(sink_flush(sink), -ENODEV);
	assert_int_equal(wait_event(sink).kind, SINK_EVENT_DOWN);
	assert_int_equal(sink_next_event(sink, &got), 0); /* said once */
	fake_start(&gateway, path);
	assert_int_equal(wait_event(sink).kind, SINK_EVENT_UP);
	assert_int_equal(sink_flush(sink), 0);
	/* and without a call under way */
	fake_stop();
	assert_int_equal(wait_event(sink).kind, SINK_EVENT_DOWN);
	fake_start(&gateway, path);
	assert_int_equal(wait_event(sink).kind, SINK_EVENT_UP);
	assert_int_equal(sink_flush(sink), 0);
	sink_close(sink);
	wait_clients(0);
}

static void no_gateway(void **state)
{
	char error[SINK_ERROR_LEN], long_path[200];
	struct sink *sink = (struct sink *)1;

	(void)state;
	assert_int_equal(sink_connect("/nonexistent/sink.sock", &sink, error), -ENOENT);
	assert_null(sink);
	assert_non_null(strstr(error, "/nonexistent/sink.sock"));
	memset(long_path, 'a', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	assert_int_equal(sink_connect(long_path, &sink, error), -ENAMETOOLONG);
}

static void second_client(void **state)
{
	struct sink *sink = connect_client(), *second;
	char error[SINK_ERROR_LEN];

	(void)state;
	assert_int_equal(sink_connect(path, &second, error), -EBUSY);
	assert_string_equal(error, "Another client has control of the gateway.");
	assert_null(second);
	assert_int_equal(sink_flush(sink), 0); /* the first goes on */
	sink_close(sink);
	wait_clients(0);
	second = connect_client();
	assert_int_equal(sink_flush(second), 0);
	sink_close(second);
	wait_clients(0);
}

/* Whoever connects and asks for nothing changes nothing, and the first request is what takes control. */
static void mere_client(void **state)
{
	struct sink *sink = connect_client();

	(void)state;
	wait_clients(1);
	assert_int_equal(gateway.controls, 0);
	sink_close(sink);
	wait_clients(0);
	assert_int_equal(gateway.controls, 0);
	sink = connect_client();
	assert_int_equal(sink_flush(sink), 0);
	assert_int_equal(sink_flush(sink), 0);
	assert_int_equal(gateway.controls, 1);
	sink_close(sink);
	wait_clients(0);
}

static time_t later; /* seconds by which the clock is ahead */

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	int ret = __real_clock_gettime(clock, now);

	now->tv_sec += __atomic_load_n(&later, __ATOMIC_SEQ_CST);
	return ret;
}

/* One that says nothing for long makes room for one that may have something to say; one that has spoken never does. */
static void silent_client(void **state)
{
	struct sink *silent = connect_client(), *sink;
	char error[SINK_ERROR_LEN];

	(void)state;
	wait_clients(1);
	assert_int_equal(sink_connect(path, &sink, error), -EBUSY);
	__atomic_fetch_add(&later, 10, __ATOMIC_SEQ_CST);
	sink = connect_client();
	assert_int_equal(sink_flush(sink), 0);
	sink_close(silent);
	__atomic_fetch_add(&later, 1000, __ATOMIC_SEQ_CST);
	assert_int_equal(sink_connect(path, &silent, error), -EBUSY);
	assert_int_equal(sink_flush(sink), 0);
	sink_close(sink);
	wait_clients(0);
}

/* ---- answers that take longer ---- */

/* When the request is there: an event, which is not held up, and then the answer. */
static void *answer_later(void *ret)
{
	static const struct sink_event event = { .kind = SINK_EVENT_ACQUIRE, .reqid = 5 };

	for (int i = 0; i < WAIT_MS && !__atomic_load_n(&gateway.calls, __ATOMIC_SEQ_CST); i++)
		usleep(1000);
	fake_event(&event);
	fake_resume(*(int *)ret);
	return NULL;
}

/* When control is taken; the request has not been served by then. */
static void *answer_control(void *ret)
{
	for (int i = 0; i < WAIT_MS && !__atomic_load_n(&gateway.controls, __ATOMIC_SEQ_CST); i++)
		usleep(1000);
	usleep(20000);
	assert_int_equal(gateway.calls, 1);
	fake_resume(*(int *)ret);
	return NULL;
}

static void later_answer(void **state)
{
	const struct sink_sa_id id = { SINK_IN, 0x1234, { 4, { 192, 0, 2, 2 } } };
	struct sink *sink = connect_client();
	int answers[] = { 0, -EIO, 0, -EIO };
	struct sink_sa_stats last;
	pthread_t thread;

	(void)state;
	gateway.stats = (struct sink_sa_stats){ 1, 2, 3, 4, 5, 6, 7 };
	for (int i = 0; i < 4; i++) {
		gateway.calls = 0;
		gateway.ret = SINK_SERVER_LATER;
		gateway.error = answers[i] ? "It took long and failed." : "";
		assert_int_equal(pthread_create(&thread, NULL, answer_later, &answers[i]), 0);
		assert_int_equal(i > 1 ? sink_sa_delete_last(sink, &id, &last) : i ? sink_flush(sink) : sink_sa_delete(sink, &id), answers[i]);
		if (i > 1)
			assert_int_equal(last.seq, answers[i] ? 0 : 3);
		if (answers[i])
			assert_string_equal(sink_error(sink), gateway.error);
		pthread_join(thread, NULL);
		gateway.ret = 0;
		assert_int_equal(sink_flush(sink), 0); /* and on it goes */
		assert_int_equal(wait_event(sink).kind, SINK_EVENT_ACQUIRE);
	}
	sink_close(sink);
	wait_clients(0);
}

/* A client that comes too early is welcome, and served when the gateway is ready; one that leaves meanwhile is noticed then. */
static void held_client(void **state)
{
	struct sink *sink;
	pthread_t thread;
	int zero = 0;

	(void)state;
	gateway.hold = true;
	sink = connect_client();
	sink_close(sink);
	usleep(50000);
	assert_int_equal(gateway.clients, 1);
	fake_resume(0);
	wait_clients(0);
	sink = connect_client();
	gateway.calls = 1; /* resume at once */
	assert_int_equal(pthread_create(&thread, NULL, answer_later, &zero), 0);
	assert_int_equal(sink_flush(sink), 0);
	pthread_join(thread, NULL);
	assert_int_equal(gateway.calls, 2);
	sink_close(sink);
	wait_clients(0);
}

/* The backend wants to be rid of something before the first request, which waits. */
static void held_control(void **state)
{
	struct sink *sink = connect_client();
	pthread_t thread;
	int zero = 0;

	(void)state;
	gateway.hold_control = true;
	gateway.calls = 1; /* resume at once */
	wait_clients(1);
	assert_int_equal(pthread_create(&thread, NULL, answer_control, &zero), 0);
	assert_int_equal(sink_flush(sink), 0);
	pthread_join(thread, NULL);
	assert_int_equal(gateway.calls, 2);
	assert_int_equal(gateway.controls, 1);
	sink_close(sink);
	wait_clients(0);
}

static void second_server(void **state)
{
	struct sink_server_config config = { .path = path, .user = (uid_t)-1, .backend = &gateway.sink };
	char error[SINK_ERROR_LEN];
	struct sink_server *other;
	struct stat status;
	struct sink *sink;

	(void)state;
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(sink_server_open(&config, &other, error), -EADDRINUSE);
	wait_clients(0); /* it looked whether someone lives there */
	sink = connect_client();
	sink_close(sink);
	wait_clients(0);
}

/* ---- bad messages on a raw socket ---- */

static int raw_client(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval timeout = { .tv_sec = WAIT_MS / 1000 };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	uint8_t welcome[64];

	strcpy(address.sun_path, path);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(recv(fd, welcome, sizeof(welcome), 0), 16);
	assert_memory_equal(welcome, "\0\1\3\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	return fd;
}

/* Send; the status of the answer, whose body is text and printable. */
static int32_t exchange(int fd, const uint8_t *message, size_t len)
{
	uint8_t answer[SINK_MESSAGE_MAX];
	struct sink_header header;
	ssize_t got;

	assert_int_equal(send(fd, message, len, 0), (ssize_t)len);
	got = recv(fd, answer, sizeof(answer), 0);
	assert_true(got >= 16);
	assert_int_equal(sink_decode_header(answer, (size_t)got, &header), 0);
	assert_true(header.status == 0 || header.body_len > 10);
	return header.status;
}

static void bad_requests(void **state)
{
	uint8_t flush[] = { 0, 1, 0, SINK_REQ_FLUSH, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0xaa };
	uint8_t unknown[] = { 0, 1, 0, 99, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0 };
	uint8_t no_fd[16 + 24] = { 0, 1, 0, SINK_REQ_GIVE_ESP_SOCKET, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 24 };
	int fd = raw_client();

	(void)state;
	assert_int_equal(exchange(fd, flush, 16), 0);
	assert_int_equal(exchange(fd, unknown, sizeof(unknown)), -EBADMSG);
	assert_int_equal(exchange(fd, no_fd, sizeof(no_fd)), -EINVAL);
	flush[15] = 1; /* a byte more than a FLUSH has, the length right */
	assert_int_equal(exchange(fd, flush, 17), -EBADMSG);
	assert_int_equal(exchange(fd, flush, 16), -EBADMSG); /* the length is not that of the message: fatal */
	assert_int_equal(recv(fd, no_fd, 1, 0), 0);
	assert_int_equal(gateway.calls, 1);
	close(fd);
	wait_clients(0);
}

static void fatal_messages(void **state)
{
	uint8_t old[16] = { 0, 2, 0, SINK_REQ_FLUSH }, huge[SINK_MESSAGE_MAX + 500] = { 0, 1, 0, SINK_REQ_FLUSH };
	const struct {
		const uint8_t *message;
		size_t len;
		int status;
	} cases[] = { { old, 16, -EPROTO }, { old, 1, -EBADMSG }, { old, 15, -EBADMSG }, { huge, sizeof(huge), -EBADMSG } };
	uint8_t byte;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = raw_client();

		assert_int_equal(exchange(fd, cases[i].message, cases[i].len), cases[i].status);
		assert_int_equal(recv(fd, &byte, 1, 0), 0);
		close(fd);
		wait_clients(0);
	}
	assert_int_equal(gateway.calls, 0);
}

/* A descriptor that comes with nothing is closed: its other end sees that. */
static void empty_message(void **state)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct msghdr msg = { .msg_control = &control, .msg_controllen = sizeof(control.room) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	struct pollfd end = { .events = POLLIN };
	int fd = raw_client(), ends[2];
	uint8_t byte;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &ends[1], sizeof(int));
	assert_int_equal(sendmsg(fd, &msg, 0), 0);
	close(ends[1]);
	end.fd = ends[0];
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	assert_int_equal(poll(&end, 1, WAIT_MS), 1);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
	close(fd);
	wait_clients(0);
}

/* Random messages with a good header cost an answer each and nothing more. */
static void random_requests(void **state)
{
	int fd = raw_client();

	(void)state;
	srand(test_seed());
	for (int i = 0; i < 3000; i++) {
		uint8_t message[200] = { 0, 1, 0, (uint8_t)(rand() % (SINK_REQ_END + 1)) };
		uint8_t len = (uint8_t)(rand() % 170);

		message[15] = len;
		for (int j = 0; j < len; j++)
			message[16 + j] = rand() % 3 ? 0 : (uint8_t)rand();
		exchange(fd, message, 16u + len);
	}
	close(fd);
	wait_clients(0);
}

/* A server that answers what it should not. The client drops it and says so. */
static void bad_server(void **state)
{
	static const struct {
		uint8_t bytes[20];
		size_t len;
	} answers[] = {
		{ { 0, 2, 1, SINK_REQ_FLUSH, 0, 0, 0, 1 }, 16 },				 /* version */
		{ { 0, 1, 1, SINK_REQ_CAPS, 0, 0, 0, 1 }, 16 },				 /* of another request */
		{ { 0, 1, 1, SINK_REQ_FLUSH, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 4 }, 20 },	 /* with a body */
		{ { 0, 1, 1, SINK_REQ_FLUSH, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 4 }, 16 },	 /* without the body it speaks of */
		{ { 0, 1, 2, SINK_EVENT_ACQUIRE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4 }, 20 }, /* a short event */
		{ { 0, 1, 2, 99, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 16 },		 /* an event nobody knows */
	};
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char bad_path[80], error[SINK_ERROR_LEN];
	int listener = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	(void)state;
	snprintf(bad_path, sizeof(bad_path), "%s/bad.sock", dir);
	strcpy(address.sun_path, bad_path);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		pid_t child = fork();
		struct sink *sink;

		if (!child) {
			int fd = accept(listener, NULL, NULL);
			uint8_t request[64];

			if (send(fd, "\0\1\3\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, 0) == 16 && recv(fd, request, sizeof(request), 0) == 16 &&
			    send(fd, answers[i].bytes, answers[i].len, 0) > 0)
				recv(fd, request, 1, 0);
			_exit(0);
		}
		assert_int_equal(sink_connect(bad_path, &sink, error), 0);
		assert_int_equal(sink_flush(sink), -ENODEV);
		assert_int_equal(wait_event(sink).kind, SINK_EVENT_DOWN);
		sink_close(sink);
	}
	close(listener);
	unlink(bad_path);
}

static int start(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/sink.sock", dir);
	fake_start(&gateway, path);
	return 0;
}

static int reset(void **state)
{
	(void)state;
	fake_reset(&gateway);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fake_stop();
	return rmdir(dir); /* the server has removed its socket */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_call, reset), cmocka_unit_test_setup(failed_call, reset), cmocka_unit_test_setup(hand_over_socket, reset),
		cmocka_unit_test_setup(events_in_order, reset), cmocka_unit_test_setup(many_events, reset), cmocka_unit_test_setup(deaf_client, reset),
		cmocka_unit_test_setup(gateway_dies_and_returns, reset), cmocka_unit_test_setup(no_gateway, reset),
		cmocka_unit_test_setup(later_answer, reset), cmocka_unit_test_setup(held_client, reset),
		cmocka_unit_test_setup(held_control, reset), cmocka_unit_test_setup(mere_client, reset), cmocka_unit_test_setup(silent_client, reset),
		cmocka_unit_test_setup(second_client, reset), cmocka_unit_test_setup(second_server, reset),
		cmocka_unit_test_setup(bad_requests, reset), cmocka_unit_test_setup(fatal_messages, reset),
		cmocka_unit_test_setup(empty_message, reset), cmocka_unit_test_setup(random_requests, reset), cmocka_unit_test_setup(bad_server, reset),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
