// SPDX-License-Identifier: Apache-2.0
// The vfio-user server against requests that are wrong: each length, each field, random bytes as bodies and on the socket.
// The device must answer sound requests afterwards. Behind it is the card in C (fake_card.h).
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../../sim/options.h"
#include "../../../sim/vfio_user.h"
#include "fake_card.h"

static struct sim_options opt;
static struct device dev;
static struct vfio_user_server server;
static char path[64];
static uint8_t body[VFIO_USER_MAX_MESSAGE], reply[VFIO_USER_MAX_MESSAGE];
static size_t reply_len;

static int setup(void **state)
{
	char error[FILE_ERROR_LEN];

	(void)state;
	snprintf(path, sizeof path, "/tmp/test-vfio-user.%d", (int)getpid());
	options_defaults(&opt);
	card_open(NULL);
	device_init(&dev, &opt);
	return vfio_user_open(&server, &dev, path, error);
}

static int teardown(void **state)
{
	(void)state;
	vfio_user_close(&server);
	unlink(path);
	device_close(&dev);
	return 0;
}

static int handle(unsigned int command, const void *data, size_t len, int *fds, unsigned int fd_count)
{
	/* An exact copy, so that a read beyond it is seen by the address sanitizer. */
	uint8_t *copy = malloc(len ? len : 1);
	int ret;

	assert_non_null(copy);
	if (len)
		memcpy(copy, data, len);
	ret = vfio_user_handle(&server, command, copy, len, fds, fd_count, reply, &reply_len);
	free(copy);
	return ret;
}

static void negotiate(void)
{
	static const uint8_t version[] = "\x00\x00\x01\x00{}";

	assert_int_equal(handle(VFIO_USER_VERSION, version, sizeof version, NULL, 0), 0);
}

/* ---- single requests ---------------------------------------------------------------------------------------------------------- */

static void version(void **state)
{
	uint8_t v[8] = {0, 0, 9, 0, '{', '}', ' ', 0};

	(void)state;
	assert_int_equal(handle(VFIO_USER_DEVICE_GET_INFO, v, 8, NULL, 0), -EINVAL);
	assert_int_equal(handle(VFIO_USER_VERSION, v, 3, NULL, 0), -EINVAL);
	v[7] = 'x';
	assert_int_equal(handle(VFIO_USER_VERSION, v, 8, NULL, 0), -EINVAL);
	v[7] = 0;
	v[0] = 1;
	assert_int_equal(handle(VFIO_USER_VERSION, v, 8, NULL, 0), -EINVAL);
	v[0] = 0;
	assert_int_equal(handle(VFIO_USER_VERSION, v, 8, NULL, 0), 0);
	assert_int_equal(reply[2], 1); /* minor: the smaller of both */
	assert_non_null(strstr((const char *)reply + 4, "max_dma_maps"));
	assert_int_equal(reply[reply_len - 1], 0);
	assert_int_equal(handle(VFIO_USER_VERSION, v, 8, NULL, 0), -EINVAL);
}

static void too_short(void **state)
{
	static const struct {
		unsigned int command;
		size_t len;
	} sizes[] = {{VFIO_USER_DMA_MAP, 32}, {VFIO_USER_DMA_UNMAP, 24}, {VFIO_USER_DEVICE_GET_INFO, 16}, {VFIO_USER_DEVICE_GET_REGION_INFO, 32},
		     {VFIO_USER_DEVICE_GET_IRQ_INFO, 16}, {VFIO_USER_DEVICE_SET_IRQS, 20}, {VFIO_USER_REGION_READ, 16},
		     {VFIO_USER_REGION_WRITE, 16}};

	(void)state;
	negotiate();
	memset(body, 0, 64);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		for (size_t len = 0; len < sizes[i].len; len++)
			assert_int_equal(handle(sizes[i].command, body, len, NULL, 0), -EINVAL);
	for (unsigned int command = 0; command < 40; command++)
		if (command == 0 || command == 6 || command == 11 || command == 12 || command > 13)
			assert_int_equal(handle(command, body, 32, NULL, 0), -ENOTSUP);
}

static int access_region(unsigned int command, uint64_t offset, uint32_t region, uint32_t count, size_t data)
{
	struct vfio_user_region_access a = {.offset = offset, .region = region, .count = count};

	memcpy(body, &a, sizeof a);
	return handle(command, body, sizeof a + data, NULL, 0);
}

static void regions(void **state)
{
	struct vfio_user_region_info info = {.argsz = sizeof info};

	(void)state;
	negotiate();
	for (info.index = 0; info.index < 12; info.index++) {
		struct vfio_user_region_info out;
		int ret = handle(VFIO_USER_DEVICE_GET_REGION_INFO, &info, sizeof info, NULL, 0);

		assert_int_equal(ret, info.index < 9 ? 0 : -EINVAL);
		if (ret)
			continue;
		memcpy(&out, reply, sizeof out);
		assert_int_equal(out.size, info.index == 0 ? 65536 : info.index == 7 ? 4096 : 0);
		assert_int_equal(out.flags, out.size ? 3 : 0);
	}
	assert_int_equal(access_region(VFIO_USER_REGION_READ, 0, 7, 4096, 0), 0);
	assert_int_equal(reply_len, 16 + 4096);
	assert_int_equal(access_region(VFIO_USER_REGION_READ, 1, 7, 4096, 0), -EINVAL);
	assert_int_equal(access_region(VFIO_USER_REGION_READ, 65533, 0, 4, 0), -EINVAL);
	assert_int_equal(access_region(VFIO_USER_REGION_READ, UINT64_MAX, 0, 4, 0), -EINVAL);
	assert_int_equal(access_region(VFIO_USER_REGION_READ, 0, 1, 4, 0), -EINVAL);
	assert_int_equal(access_region(VFIO_USER_REGION_READ, 0, 9, 4, 0), -EINVAL);
	assert_int_equal(access_region(VFIO_USER_REGION_READ, 0, 0, UINT32_MAX, 0), -EINVAL);
	assert_int_equal(access_region(VFIO_USER_REGION_WRITE, 0x18, 0, 4, 3), -EINVAL);
	assert_int_equal(access_region(VFIO_USER_REGION_WRITE, 0x18, 0, 4, 5), -EINVAL);
	assert_int_equal(access_region(VFIO_USER_REGION_WRITE, 0x18, 0, 4, 4), 0);
}

static int set_irqs(uint32_t flags, uint32_t index, uint32_t start, uint32_t count, int *fds, unsigned int fd_count)
{
	struct vfio_user_irq_set set = {.argsz = sizeof set, .flags = flags, .index = index, .start = start, .count = count};

	return handle(VFIO_USER_DEVICE_SET_IRQS, &set, sizeof set, fds, fd_count);
}

static void interrupts(void **state)
{
	int fd = eventfd(0, EFD_NONBLOCK), fds[2] = {fd, dup(fd)};
	uint64_t count;

	(void)state;
	negotiate();
	fds[0] = dup(fd);
	assert_int_equal(set_irqs(0x24, 2, 0, 1, fds, 2), -EINVAL);
	assert_int_equal(set_irqs(0x24, 2, 3, 2, fds, 2), -EINVAL);
	assert_int_equal(set_irqs(0x24, 2, UINT32_MAX, 2, fds, 2), -EINVAL);
	assert_int_equal(set_irqs(0x24, 2, 0, UINT32_MAX, NULL, 0), -EINVAL);
	assert_int_equal(set_irqs(0x22, 2, 0, 4, NULL, 0), -EINVAL); /* DATA_BOOL without its bytes */
	assert_int_equal(set_irqs(0x26, 2, 0, 1, NULL, 0), -EINVAL);
	assert_int_equal(set_irqs(0x39, 2, 0, 1, NULL, 0), -EINVAL);
	assert_int_equal(set_irqs(0x09, 2, 0, 1, NULL, 0), -ENOTSUP);
	assert_int_equal(set_irqs(0x21, 0, 0, 1, NULL, 0), -EINVAL);
	assert_int_equal(set_irqs(0x21, 0, 0, 0, NULL, 0), 0);
	assert_int_equal(set_irqs(0x21, 5, 0, 0, NULL, 0), -EINVAL);
	assert_int_equal(set_irqs(0x24, 2, 1, 2, fds, 2), 0);
	assert_int_equal(fds[0], -1);
	assert_true(config_msix_enabled(&dev.config));
	assert_int_equal(set_irqs(0x21, 2, 1, 1, NULL, 0), 0); /* loopback */
	assert_int_equal(read(fd, &count, 8), 8);
	assert_int_equal(set_irqs(0x24, 2, 1, 2, NULL, 0), 0); /* de-assign */
	assert_false(config_msix_enabled(&dev.config));
	assert_int_equal(set_irqs(0x21, 2, 1, 1, NULL, 0), 0);
	assert_int_equal(read(fd, &count, 8), -1);
	close(fd);
}

static void dma(void **state)
{
	struct vfio_user_dma_map map = {.argsz = 32, .flags = 3, .address = 0x10000, .size = 0x1000};
	struct vfio_user_dma_unmap unmap = {.argsz = 24, .address = 0x10000, .size = 0x1000};
	int fd = memfd_create("t", 0), two[2] = {fd, fd};

	(void)state;
	negotiate();
	assert_int_equal(ftruncate(fd, 0x1000), 0);
	assert_int_equal(handle(VFIO_USER_DMA_UNMAP, &unmap, 24, NULL, 0), 0); /* nothing there: fine */
	assert_int_equal(reply_len, 24);
	assert_int_equal(handle(VFIO_USER_DMA_MAP, &map, 32, two, 2), -EINVAL);
	assert_int_equal(handle(VFIO_USER_DMA_MAP, &map, 32, &fd, 1), 0);
	assert_int_equal(handle(VFIO_USER_DMA_MAP, &map, 32, &fd, 1), -EEXIST);
	map.flags = 4;
	assert_int_equal(handle(VFIO_USER_DMA_MAP, &map, 32, &fd, 1), -EINVAL);
	unmap.flags = 2;
	assert_int_equal(handle(VFIO_USER_DMA_UNMAP, &unmap, 24, NULL, 0), -EINVAL);
	unmap.address = unmap.size = 0;
	assert_int_equal(handle(VFIO_USER_DMA_UNMAP, &unmap, 24, NULL, 0), 0);
	assert_int_equal(dev.memory.count, 0);
	close(fd);
}

/* ---- random ------------------------------------------------------------------------------------------------------------------- */

/* Fields small enough to be meaningful now and then. */
static void random_body(struct rng *rng, size_t len)
{
	for (size_t i = 0; i < len; i += 4) {
		uint32_t v = (uint32_t)rng_next(rng);

		switch (rng_below(rng, 4)) {
		case 0:
			v &= 0x3f;
			break;
		case 1:
			v &= 0xf000;
			break;
		case 2:
			v = 0;
			break;
		default:
			break;
		}
		memcpy(body + i, &v, 4);
	}
}

static void random_requests(void **state)
{
	struct rng rng = {.state = 99};
	int fd = memfd_create("t", 0);
	unsigned int accepted = 0;

	(void)state;
	negotiate();
	assert_int_equal(ftruncate(fd, 0x10000), 0);
	for (int n = 0; n < 20000; n++) {
		unsigned int command = rng_below(&rng, 16), fd_count = rng_below(&rng, 3);
		size_t len = 4 * rng_below(&rng, 16);
		int fds[2] = {-1, -1};

		for (unsigned int i = 0; i < fd_count; i++)
			fds[i] = dup(fd);
		random_body(&rng, len);
		accepted += handle(command, body, len, fds, fd_count) == 0;
		for (unsigned int i = 0; i < fd_count; i++)
			if (fds[i] >= 0)
				close(fds[i]);
		assert_false(dev.violation.raised);
	}
	assert_true(accepted > 100);
	close(fd);
	assert_int_equal(access_region(VFIO_USER_REGION_READ, 0, 7, 4, 0), 0);
	assert_int_equal(reply[16], 0xEE);
}

static int dial(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	strcpy(addr.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof addr), 0);
	vfio_user_accept(&server);
	return fd;
}

/* A size that no message has: nothing is read of it. */
static void wrong_sizes(void **state)
{
	static const uint32_t sizes[] = {0, 15, VFIO_USER_MAX_MESSAGE + 1, 0x7fffffff, UINT32_MAX};

	(void)state;
	for (unsigned int i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		uint8_t header[16] = {1, 0, 1, 0};
		int fd = dial();

		memcpy(header + 4, &sizes[i], 4);
		assert_int_equal(send(fd, header, 16, 0), 16);
		vfio_user_serve(&server);
		assert_int_equal(server.client, -1);
		close(fd);
	}
}

static void sound_session(void)
{
	uint8_t message[32] = {1, 0, 1, 0, 23, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, '{', '}', 0}, answer_bytes[256];
	int fd = dial();

	/* In two pieces, the server asked after each. */
	assert_int_equal(send(fd, message, 9, 0), 9);
	vfio_user_serve(&server);
	assert_int_equal(send(fd, message + 9, 14, 0), 14);
	vfio_user_serve(&server);
	assert_true(recv(fd, answer_bytes, sizeof answer_bytes, 0) > 20);
	assert_int_equal(answer_bytes[0], 1);
	assert_int_equal(answer_bytes[8], 1); /* a reply without error */
	close(fd);
	vfio_user_serve(&server);
	assert_int_equal(server.client, -1);
}

static void random_bytes_on_the_socket(void **state)
{
	struct rng rng = {.state = 5};

	(void)state;
	for (int n = 0; n < 300; n++) {
		int fd = dial();
		size_t len = 1 + rng_below(&rng, 200);

		random_body(&rng, 200);
		/* Half of them with a header that is right. */
		if (n & 1) {
			uint32_t size = 16 + rng_below(&rng, 60);

			body[2] = (uint8_t)rng_below(&rng, 18);
			body[3] = 0;
			memcpy(body + 4, &size, 4);
			memset(body + 8, 0, 8);
		}
		assert_int_equal(send(fd, body, len, 0), len);
		vfio_user_serve(&server);
		close(fd);
		for (int i = 0; i < 4 && server.client >= 0; i++)
			vfio_user_serve(&server);
		assert_int_equal(server.client, -1);
	}
	sound_session();
}

static void second_client(void **state)
{
	static const struct {
		uint8_t bytes[24];
		size_t len;
		bool told;
	} says[] = {
		{{9, 0, VFIO_USER_VERSION, 0, 23, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, '{', '}', 0}, 23, true},
		{{9, 0, VFIO_USER_VERSION, 0, 255, 255, 255, 255}, 16, true},
		{{9, 0, VFIO_USER_VERSION, 0, 16, 0, 0, 0, VFIO_USER_F_NO_REPLY}, 16, false},
		{{9, 0, VFIO_USER_VERSION, 0, 16, 0, 0, 0, VFIO_USER_F_REPLY}, 16, false},
		{{9}, 1, false},
		{{0}, 0, false}, /* leaves */
	};
	struct vfio_user_header told;
	uint8_t byte;
	int first, second, third, silent;

	(void)state;
	first = dial();
	for (size_t i = 0; i < sizeof says / sizeof says[0]; i++) {
		second = dial();
		vfio_user_refuse(&server);
		assert_int_equal(recv(second, &byte, 1, 0), -1); /* nothing before it speaks */
		assert_int_equal(send(second, says[i].bytes, says[i].len, 0), says[i].len);
		if (!says[i].len)
			shutdown(second, SHUT_WR);
		vfio_user_refuse(&server);
		assert_int_equal(server.refused, -1);
		if (says[i].told) {
			assert_int_equal(recv(second, &told, sizeof told, 0), sizeof told);
			assert_int_equal(told.id, 9);
			assert_int_equal(told.command, VFIO_USER_VERSION);
			assert_int_equal(told.size, sizeof told);
			assert_int_equal(told.flags, VFIO_USER_F_REPLY | VFIO_USER_F_ERROR);
			assert_int_equal(told.error, EBUSY);
		}
		errno = 0;
		assert_true(recv(second, &byte, 1, 0) <= 0 && errno != EAGAIN);
		close(second);
	}
	silent = dial();
	second = dial(); /* one that says nothing gives way to the next */
	assert_int_equal(recv(silent, &byte, 1, 0), 0);
	close(silent);
	close(first);
	third = dial();
	assert_int_equal(recv(third, &byte, 1, 0), -1); /* waits to be served */
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(dev.stats.resets, 2); /* at start, and when the first left */
	close(second);
	close(third);
	vfio_user_serve(&server);
}

static unsigned int open_descriptors(void)
{
	unsigned int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* Descriptors that no request keeps are closed; with more than allowed the client is cut off as well. */
static void stray_descriptors(void **state)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(20 * sizeof(int))];
	} control = {0};
	char bytes[20] = {1, 0, 1, 0, 20};
	struct iovec iov = {.iov_base = bytes, .iov_len = 20};
	unsigned int before = open_descriptors();

	(void)state;
	for (unsigned int count = 1; count <= 20; count++) {
		struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
				     .msg_controllen = CMSG_SPACE(count * sizeof(int))};
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		int fd = dial();

		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(count * sizeof(int));
		for (unsigned int i = 0; i < count; i++)
			memcpy(CMSG_DATA(c) + i * sizeof(int), &fd, sizeof fd);
		assert_int_equal(sendmsg(fd, &msg, 0), 20);
		vfio_user_serve(&server);
		if (count > VFIO_USER_SERVER_FDS)
			assert_int_equal(server.client, -1);
		else
			assert_true(server.client >= 0 && server.negotiated);
		vfio_user_disconnect(&server);
		close(fd);
		assert_int_equal(open_descriptors(), before);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(version, setup, teardown),
		cmocka_unit_test_setup_teardown(too_short, setup, teardown),
		cmocka_unit_test_setup_teardown(regions, setup, teardown),
		cmocka_unit_test_setup_teardown(interrupts, setup, teardown),
		cmocka_unit_test_setup_teardown(dma, setup, teardown),
		cmocka_unit_test_setup_teardown(random_requests, setup, teardown),
		cmocka_unit_test_setup_teardown(random_bytes_on_the_socket, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(second_client, setup, teardown),
		cmocka_unit_test_setup_teardown(stray_descriptors, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
