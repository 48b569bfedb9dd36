/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's sockets on the loopback, IPv4 and IPv6: addresses, the non-ESP marker, who gets what on the port of IKE and ESP, batches. */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/udp.h"

#define RECORDS 256

static struct endpoint peer_of[2], loopback[2]; /* IPv4, IPv6 */
static int peer[2];
static struct udp *udp;
static uint16_t port, nat_port, free_port;

/* What came in. */
static struct record {
	struct endpoint local, remote;
	uint8_t data[64];
	size_t len;
} records[RECORDS];
static unsigned int record_count;

static void on_datagram(void *ctx, const struct endpoint *local, const struct endpoint *remote, const uint8_t *data, size_t len)
{
	struct record *r = &records[record_count++ % RECORDS];

	assert_ptr_equal(ctx, records);
	*r = (struct record){ *local, *remote, { 0 }, len };
	memcpy(r->data, data, len < sizeof(r->data) ? len : sizeof(r->data));
}

static void receive_all(void)
{
	unsigned int before;

	do {
		before = record_count;
		udp_receive(udp, on_datagram, records);
	} while (record_count != before);
}

static int bound(int family, struct endpoint *e)
{
	int fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	struct sockaddr_storage address;
	socklen_t len = endpoint_to_sockaddr(e, &address);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	len = sizeof(address);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	assert_int_equal(endpoint_from_sockaddr((struct sockaddr *)&address, e), 0);
	return fd;
}

/* Ports that were free a moment ago. */
static void choose_ports(void)
{
	uint16_t *ports[] = { &port, &nat_port, &free_port };
	int fd[3];

	for (int i = 0; i < 3; i++) {
		struct endpoint e = { loopback[0].ip, 0 };

		fd[i] = bound(4, &e);
		*ports[i] = e.port;
	}
	for (int i = 0; i < 3; i++)
		close(fd[i]);
}

static int setup(void **state)
{
	char error[UDP_ERROR_LEN];

	(void)state;
	assert_int_equal(ip_parse("127.0.0.1", &loopback[0].ip), 0);
	assert_int_equal(ip_parse("::1", &loopback[1].ip), 0);
	choose_ports();
	assert_int_equal(udp_open(&(struct udp_options){ port, nat_port, 0, 0 }, &udp, error), 0);
	for (int i = 0; i < 2; i++) {
		peer_of[i] = (struct endpoint){ loopback[i].ip, 0 };
		peer[i] = bound(i ? 6 : 4, &peer_of[i]);
	}
	record_count = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close(peer[0]);
	close(peer[1]);
	udp_close(udp);
	return 0;
}

static void peer_sends(int family6, uint16_t to_port, const char *address, const void *data, size_t len)
{
	struct endpoint to = { loopback[family6].ip, to_port };
	struct sockaddr_storage storage;
	socklen_t size;

	if (address)
		assert_int_equal(ip_parse(address, &to.ip), 0);
	size = endpoint_to_sockaddr(&to, &storage);
	assert_int_equal(sendto(peer[family6], data, len, 0, (struct sockaddr *)&storage, size), (ssize_t)len);
}

static ssize_t peer_gets(int family6, uint8_t *data, size_t size, struct endpoint *from)
{
	struct sockaddr_storage storage;
	socklen_t len = sizeof(storage);
	ssize_t got = recvfrom(peer[family6], data, size, 0, (struct sockaddr *)&storage, &len);

	if (got >= 0)
		assert_int_equal(endpoint_from_sockaddr((struct sockaddr *)&storage, from), 0);
	return got;
}

static void test_addresses(void **state)
{
	(void)state;
	/* All of 127/8 is this machine: the address asked for is the one that the agent hears of. */
	peer_sends(0, port, "127.0.0.7", "one", 3);
	peer_sends(1, port, NULL, "two", 3);
	receive_all();
	assert_int_equal(record_count, 2);
	for (int i = 0; i < 2; i++) {
		struct endpoint local = { loopback[i].ip, port };

		if (!i)
			assert_int_equal(ip_parse("127.0.0.7", &local.ip), 0);
		assert_true(endpoint_equal(&records[i].local, &local));
		assert_true(endpoint_equal(&records[i].remote, &peer_of[i]));
		assert_int_equal(records[i].len, 3);
		assert_memory_equal(records[i].data, i ? "two" : "one", 3);
	}
}

static void test_sends_from_the_address_given(void **state)
{
	struct endpoint local = { .port = port }, from;
	uint8_t data[16];

	(void)state;
	assert_int_equal(ip_parse("127.0.0.9", &local.ip), 0);
	assert_int_equal(udp_send(udp, &local, &peer_of[0], (const uint8_t *)"abc", 3), 0);
	assert_int_equal(peer_gets(0, data, sizeof(data), &from), 3);
	assert_memory_equal(data, "abc", 3);
	assert_true(endpoint_equal(&from, &local));
	/* Any address: the system chooses. */
	for (int i = 0; i < 2; i++) {
		struct endpoint expected = { loopback[i].ip, port };

		assert_int_equal(udp_send(udp, &(struct endpoint){ .port = port }, &peer_of[i], (const uint8_t *)"abc", 3), 0);
		assert_int_equal(peer_gets(i, data, sizeof(data), &from), 3);
		assert_true(endpoint_equal(&from, &expected));
	}
	assert_int_equal(udp_send(udp, &(struct endpoint){ .port = 1 }, &peer_of[0], data, 1), -EINVAL);
}

static void test_marker_and_keepalive(void **state)
{
	struct endpoint local = { .port = nat_port }, from;
	uint8_t data[16];

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(udp_send(udp, &local, &peer_of[i], (const uint8_t *)"abc", 3), 0);
		assert_int_equal(peer_gets(i, data, sizeof(data), &from), 7);
		assert_memory_equal(data, "\0\0\0\0abc", 7);
		assert_int_equal(udp_keepalive(udp, &local, &peer_of[i]), 0);
		assert_int_equal(peer_gets(i, data, sizeof(data), &from), 1);
		assert_int_equal(data[0], 0xff);
		assert_int_equal(from.port, nat_port);
	}
	local.port = port;
	assert_int_equal(udp_keepalive(udp, &local, &peer_of[0]), -EINVAL);
}

/* Who gets a datagram on the port of both: IKE, ESP, or neither. */
static void test_split(void **state)
{
	static const struct {
		const char *data;
		size_t len;
		unsigned int ike, esp, unmarked;
	} cases[] = {
		{ "\0\0\0\0message", 11, 1, 0, 0 },
		{ "\0\0\0\0", 4, 1, 0, 0 }, /* an empty message: the agent's to refuse */
		{ "\0\0\0\1\0\0\0\1payload", 15, 0, 1, 0 },
		{ "\1\0\0\0\0\0\0\1payload", 15, 0, 1, 0 },
		{ "\xff", 1, 0, 0, 1 }, /* a NAT keepalive is too short to tell */
		{ "\0\0\0", 3, 0, 0, 1 },
		{ "", 0, 0, 0, 1 },
	};
	struct udp_stats before, after;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int family6 = 0; family6 < 2; family6++) {
			int esp = udp_esp_fd(udp, family6 ? 6 : 4);
			unsigned int got = 0;
			uint8_t data[32];

			record_count = 0;
			udp_get_stats(udp, &before);
			peer_sends(family6, nat_port, NULL, cases[i].data, cases[i].len);
			receive_all();
			udp_get_stats(udp, &after);
			while (recv(esp, data, sizeof(data), MSG_DONTWAIT) == (ssize_t)cases[i].len) {
				assert_memory_equal(data, cases[i].data, cases[i].len);
				got++;
			}
			assert_int_equal(record_count, cases[i].ike);
			assert_int_equal(got, cases[i].esp);
			assert_int_equal(after.unmarked - before.unmarked, cases[i].unmarked);
			if (cases[i].ike)
				assert_int_equal(records[0].len, cases[i].len - 4);
		}
	}
}

/* Port 500 knows no marker. */
static void test_no_marker_on_the_other_port(void **state)
{
	(void)state;
	peer_sends(0, port, NULL, "\0\0\0\0abc", 7);
	receive_all();
	assert_int_equal(record_count, 1);
	assert_int_equal(records[0].len, 7);
}

static void test_batches_are_bounded(void **state)
{
	struct udp_stats stats;

	(void)state;
	for (unsigned int i = 0; i < 100; i++)
		peer_sends(0, i % 2 ? port : nat_port, NULL, i % 2 ? "m" : "\0\0\0\0m", i % 2 ? 1 : 5);
	udp_receive(udp, on_datagram, records);
	assert_int_equal(record_count, 2 * UDP_BATCH);
	receive_all();
	assert_int_equal(record_count, 100);
	udp_get_stats(udp, &stats);
	assert_int_equal(stats.received, 100);
}

/* A message as long as UDP allows comes whole. */
static void test_longest(void **state)
{
	static uint8_t data[65507];

	(void)state;
	peer_sends(0, port, NULL, data, sizeof(data));
	receive_all();
	assert_int_equal(record_count, 1);
	assert_int_equal(records[0].len, sizeof(data));
}

static void test_ports_in_use(void **state)
{
	char error[UDP_ERROR_LEN], text[16];
	struct udp *other;

	(void)state;
	/* Another one of our kind, though both would share the port. */
	assert_int_equal(udp_open(&(struct udp_options){ free_port, nat_port, 0, 0 }, &other, error), -EADDRINUSE);
	assert_null(other);
	snprintf(text, sizeof(text), "%u", nat_port);
	assert_non_null(strstr(error, text));
	assert_int_equal(udp_open(&(struct udp_options){ port, free_port, 0, 0 }, &other, error), -EADDRINUSE);
	assert_int_equal(udp_open(&(struct udp_options){ port, port, 0, 0 }, &other, error), -EINVAL);
	assert_int_equal(udp_open(&(struct udp_options){ 0, port, 0, 0 }, &other, error), -EINVAL);
}

/* Nobody is there: the ICMP error neither ends nor blocks anything. */
static void test_unreachable(void **state)
{
	struct endpoint gone = peer_of[0], local = { .port = port };
	struct udp_stats stats;

	(void)state;
	close(peer[0]);
	for (int i = 0; i < 3; i++)
		assert_int_equal(udp_send(udp, &local, &gone, (const uint8_t *)"abc", 3), 0);
	peer_of[0] = (struct endpoint){ loopback[0].ip, 0 };
	peer[0] = bound(4, &peer_of[0]);
	peer_sends(0, port, NULL, "abc", 3);
	receive_all();
	assert_int_equal(record_count, 1);
	/* No route or a bad address is a failure that is counted. */
	local.ip = loopback[0].ip;
	local.ip.bytes[0] = 192;
	assert_true(udp_send(udp, &local, &peer_of[0], (const uint8_t *)"abc", 3) < 0);
	udp_get_stats(udp, &stats);
	assert_int_equal(stats.sent, 3);
	assert_int_equal(stats.failed, 1);
}

static void test_source(void **state)
{
	struct ip_addr local;

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 2; i++) {
			assert_int_equal(udp_source(udp, &loopback[i].ip, &local), 0);
			assert_true(ip_equal(&local, &loopback[i].ip));
		}
	}
	assert_int_equal(udp_source(udp, &(struct ip_addr){ 0 }, &local), -EAFNOSUPPORT);
}

/* The poll descriptors are those that get ready. */
static void test_polls(void **state)
{
	int fds[UDP_SOCKETS_MAX];
	unsigned int count = udp_fds(udp, fds);

	(void)state;
	assert_int_equal(count, 4);
	for (int family6 = 0; family6 < 2; family6++) {
		for (int nat = 0; nat < 2; nat++) {
			struct pollfd polls[UDP_SOCKETS_MAX];

			for (unsigned int i = 0; i < count; i++)
				polls[i] = (struct pollfd){ fds[i], POLLIN, 0 };
			assert_int_equal(poll(polls, count, 0), 0);
			peer_sends(family6, nat ? nat_port : port, NULL, "\0\0\0\0abc", 7);
			assert_int_equal(poll(polls, count, 0), 1);
			receive_all();
		}
	}
}

/* In a network of its own where that is allowed: with IPv6 whatever the host has, and with no other user of a port. */
static int own_network(void **state)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	(void)state;
	if (unshare(CLONE_NEWNET))
		return 0;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request))
		return -1;
	return close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sends_from_the_address_given, setup, teardown),
		cmocka_unit_test_setup_teardown(test_marker_and_keepalive, setup, teardown),
		cmocka_unit_test_setup_teardown(test_split, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_marker_on_the_other_port, setup, teardown),
		cmocka_unit_test_setup_teardown(test_batches_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_longest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ports_in_use, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unreachable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_source, setup, teardown),
		cmocka_unit_test_setup_teardown(test_polls, setup, teardown),
	};

	return cmocka_run_group_tests(tests, own_network, NULL);
}
