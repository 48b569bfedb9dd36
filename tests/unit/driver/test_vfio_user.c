/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vfio-user client against a scripted server in a thread: answers in small pieces, interleaved commands, wrong answers of every
 * kind, silence, and a closed socket. Each ends in an errno value within the bound, never in a hang.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/wait.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "transport.h"
#include "vfio_user_proto.h"

#define TIMEOUT_MS 200

/* What the server does to the answer of the faulty_command's nth occurrence. */
enum fault {
	NONE, CLOSE, SILENT, SHORT_HEADER, SHORT_BODY, WRONG_ID, WRONG_COMMAND, TOO_LONG, TOO_SHORT, ERROR, ERROR_ZERO, ERROR_BODY, TINY_SIZE,
	WRONG_OFFSET, WRONG_COUNT, NOT_PCI, NO_MSIX, MAJOR, MINOR, NO_RESET,
};

static const struct espalier_open_options options = { .timeout_ms = TIMEOUT_MS };

struct server {
	pthread_t thread;
	char path[64];
	int listener;
	enum fault fault;
	uint16_t faulty_command;
	bool pieces;	 /* answers byte by byte */
	bool interleave; /* a DMA_WRITE of the server's own before each answer */
	volatile bool asleep; /* reads nothing */
	uint32_t regs[16];
	uint8_t config[64];
	uint8_t *mapped;
	uint64_t mapped_size, mapped_iova;
	int event_fd;
	unsigned int resets, unmaps, refusals;
};

static char error[ESPALIER_ERROR_LEN];

static bool receive(int fd, void *data, size_t len, int *passed)
{
	while (len) {
		union {
			char bytes[CMSG_SPACE(sizeof(int) * 4)];
			struct cmsghdr align;
		} control;
		struct iovec iov = { data, len };
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
		ssize_t n = recvmsg(fd, &msg, 0);

		if (n <= 0)
			return false;
		if (CMSG_FIRSTHDR(&msg) && passed)
			memcpy(passed, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
		data = (uint8_t *)data + n;
		len -= (size_t)n;
	}
	return true;
}

static void send_bytes(const struct server *s, int fd, const void *data, size_t len)
{
	size_t step = s->pieces ? 1 : len;

	for (size_t at = 0; at < len; at += step)
		if (send(fd, (const uint8_t *)data + at, step, MSG_NOSIGNAL) < 0)
			return;
}

/* The body of the right answer; returns its length. */
static uint32_t answer_body(struct server *s, uint16_t command, uint8_t *body, int passed)
{
	struct vfio_user_region_access *access = (void *)body;
	struct vfio_user_dma_map *map = (void *)body;
	struct vfio_user_device_info info = { 16, 3, 9, 5 };
	struct vfio_user_version version = { 0, 1 };

	switch (command) {
	case VFIO_USER_VERSION:
		if (s->fault == MAJOR)
			version.major = 1;
		if (s->fault == MINOR)
			version.minor = 2;
		memcpy(body, &version, sizeof(version));
		strcpy((char *)body + 4, "{}");
		return 7;
	case VFIO_USER_DEVICE_GET_INFO:
		info.flags = s->fault == NOT_PCI ? 1 : s->fault == NO_RESET ? 2 : 3;
		info.num_irqs = s->fault == NO_MSIX ? 2 : 5;
		memcpy(body, &info, sizeof(info));
		return sizeof(info);
	case VFIO_USER_DMA_MAP:
		s->mapped_iova = map->address;
		s->mapped_size = map->size;
		s->mapped = mmap(NULL, map->size, PROT_READ | PROT_WRITE, MAP_SHARED, passed, (off_t)map->offset);
		close(passed);
		return 0;
	case VFIO_USER_DMA_UNMAP:
		s->unmaps++;
		munmap(s->mapped, s->mapped_size);
		return 24;
	case VFIO_USER_DEVICE_SET_IRQS:
		s->event_fd = passed;
		return 0;
	case VFIO_USER_DEVICE_RESET:
		s->resets++;
		return 0;
	case VFIO_USER_REGION_READ:
		memcpy(access + 1, access->region == VFIO_USER_REGION_CONFIG ? s->config + access->offset : (uint8_t *)s->regs + access->offset,
		       access->count);
		return sizeof(*access) + access->count;
	case VFIO_USER_REGION_WRITE:
		memcpy(access->region == VFIO_USER_REGION_CONFIG ? s->config + access->offset : (uint8_t *)s->regs + access->offset, access + 1,
		       access->count);
		return sizeof(*access);
	}
	return 0;
}

static void interleave(struct server *s, int fd)
{
	struct {
		struct vfio_user_header h;
		struct vfio_user_dma_access a;
		uint8_t data[700];
	} __attribute__((packed)) ask = { .h = { 77, VFIO_USER_DMA_WRITE, sizeof(ask), VFIO_USER_F_COMMAND, 0 } };
	struct vfio_user_header refusal;

	send_bytes(s, fd, &ask, sizeof(ask));
	if (receive(fd, &refusal, sizeof(refusal), NULL) && refusal.id == 77 && refusal.command == VFIO_USER_DMA_WRITE &&
	    refusal.flags == (VFIO_USER_F_REPLY | VFIO_USER_F_ERROR) && refusal.error == ENOTSUP && refusal.size == 16)
		s->refusals++;
	ask.h.flags = VFIO_USER_F_NO_REPLY; /* and one that wants no answer */
	send_bytes(s, fd, &ask, sizeof(ask));
}

/* Answer one request; false: hang up. */
static bool serve_one(struct server *s, int fd)
{
	struct {
		struct vfio_user_header h;
		uint8_t body[4096];
	} __attribute__((packed)) m;
	struct vfio_user_region_access *access = (void *)m.body;
	enum fault fault = NONE;
	int passed = -1;
	uint32_t len;

	while (s->asleep)
		usleep(1000);
	if (!receive(fd, &m.h, sizeof(m.h), &passed) || !receive(fd, m.body, m.h.size - sizeof(m.h), &passed))
		return false;
	if (m.h.command == s->faulty_command)
		fault = s->fault;
	if (fault == CLOSE)
		return false;
	if (s->interleave && !(m.h.flags & VFIO_USER_F_NO_REPLY))
		interleave(s, fd);
	len = answer_body(s, m.h.command, m.body, passed);
	if (m.h.flags & VFIO_USER_F_NO_REPLY)
		return true;
	m.h.flags = VFIO_USER_F_REPLY;
	m.h.size = sizeof(m.h) + len;
	switch (fault) {
	case SILENT:
		return true;
	case SHORT_HEADER:
		send_bytes(s, fd, &m, 7);
		return false;
	case SHORT_BODY:
		send_bytes(s, fd, &m, m.h.size - 1);
		return false;
	case WRONG_ID:
		m.h.id++;
		break;
	case WRONG_COMMAND:
		m.h.command++;
		break;
	case TOO_LONG:
		m.h.size += 8;
		break;
	case TOO_SHORT:
		m.h.size -= 1;
		break;
	case ERROR:
	case ERROR_ZERO:
	case ERROR_BODY:
		m.h.flags |= VFIO_USER_F_ERROR;
		m.h.error = fault == ERROR_ZERO ? 0 : EPERM;
		m.h.size = fault == ERROR_BODY ? 20 : 16;
		break;
	case TINY_SIZE:
		m.h.size = 15;
		break;
	case WRONG_OFFSET:
		access->offset += 4;
		break;
	case WRONG_COUNT:
		access->count = 1;
		break;
	default:
		break;
	}
	send_bytes(s, fd, &m, m.h.size < 16 ? 16 : m.h.size);
	return true;
}

static void *serve(void *arg)
{
	struct server *s = arg;
	int fd = accept(s->listener, NULL, NULL);

	while (fd >= 0 && serve_one(s, fd))
		;
	if (fd >= 0)
		close(fd);
	return NULL;
}

static struct server *start(enum fault fault, uint16_t command)
{
	static unsigned int count;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct server *s = calloc(1, sizeof(*s));

	s->fault = fault;
	s->faulty_command = command;
	s->event_fd = -1;
	snprintf(s->path, sizeof(s->path), "/tmp/espalier-test-%d-%u.sock", (int)getpid(), count++);
	strcpy(address.sun_path, s->path);
	s->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(s->listener, 1), 0);
	return s;
}

static int connect_to(struct server *s, struct transport **t)
{
	pthread_create(&s->thread, NULL, serve, s);
	return vfio_user_connect(s->path, &options, t, error);
}

static void finish(struct server *s, struct transport *t)
{
	if (t)
		t->ops->close(t);
	pthread_join(s->thread, NULL);
	close(s->listener);
	if (s->event_fd >= 0)
		close(s->event_fd);
	unlink(s->path);
	free(s);
}

static void use_everything(struct server *s)
{
	struct transport_mem mem = { .iova = 0x100000000, .size = 8192 };
	struct transport *t;
	uint32_t value;
	uint16_t id = 0xabcd, back = 0;
	uint64_t one = 1;
	int event = eventfd(0, EFD_NONBLOCK);
	struct pollfd p = { .fd = event, .events = POLLIN };

	assert_int_equal(connect_to(s, &t), 0);
	assert_true(t->simulated);
	assert_int_equal(t->ops->config_write(t, 4, &id, 2), 0);
	assert_int_equal(t->ops->config_read(t, 4, &back, 2), 0);
	assert_int_equal(back, id);
	assert_int_equal(t->ops->reg_write(t, 0x18, 0x12345678), 0);
	assert_int_equal(t->ops->reg_read(t, 0x18, &value), 0);
	assert_int_equal(value, 0x12345678);
	assert_int_equal(t->ops->dma_map(t, &mem), 0);
	assert_int_equal(s->mapped_iova, mem.iova);
	assert_int_equal(s->mapped_size, 8192);
	strcpy((char *)mem.va + 4090, "through the memfd");
	assert_string_equal((char *)s->mapped + 4090, "through the memfd");
	s->mapped[0] = 7;
	assert_int_equal(((uint8_t *)mem.va)[0], 7);
	assert_int_equal(t->ops->irq_set(t, &event, 1), 0);
	assert_int_equal(write(s->event_fd, &one, 8), 8);
	assert_int_equal(poll(&p, 1, 0), 1);
	assert_int_equal(t->ops->irq_set(t, NULL, 0), 0);
	assert_int_equal(t->ops->reset(t), 0);
	assert_int_equal(s->resets, 1);
	t->ops->dma_unmap(t, &mem);
	assert_int_equal(s->unmaps, 1);
	assert_int_equal(t->ops->alive(t), 0);
	close(event);
	finish(s, t);
}

static void test_good(void **unused)
{
	(void)unused;
	use_everything(start(NONE, 0));
}

static void test_pieces(void **unused)
{
	struct server *s = start(NONE, 0);

	(void)unused;
	s->pieces = true;
	use_everything(s);
}

static void test_interleaved(void **unused)
{
	struct server *s = start(NONE, 0);
	struct transport *t;
	uint32_t value;

	(void)unused;
	s->interleave = true;
	s->regs[1] = 99;
	assert_int_equal(connect_to(s, &t), 0);
	assert_int_equal(t->ops->reg_read(t, 4, &value), 0);
	assert_int_equal(value, 99);
	t->ops->close(t);
	pthread_join(s->thread, NULL);
	assert_int_equal(s->refusals, 3);
	close(s->listener);
	unlink(s->path);
	free(s);
}

/* After any of these the connection is given up. */
static void test_broken_answers(void **unused)
{
	static const enum fault faults[] = {
		CLOSE, SILENT, SHORT_HEADER, SHORT_BODY, WRONG_ID, WRONG_COMMAND, TOO_LONG, TOO_SHORT, ERROR_BODY, TINY_SIZE, WRONG_OFFSET, WRONG_COUNT,
	};
	static const uint16_t commands[] = { VFIO_USER_REGION_READ, VFIO_USER_REGION_WRITE };

	(void)unused;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		for (size_t c = 0; c < 2; c++) {
			struct server *s = start(faults[i], commands[c]);
			struct transport *t;
			uint32_t value = 0;

			assert_int_equal(connect_to(s, &t), 0);
			assert_int_equal(c ? t->ops->config_write(t, 4, &value, 2) : t->ops->reg_read(t, 4, &value), -ENODEV);
			assert_non_null(strstr(t->error, s->path));
			assert_int_equal(t->ops->reg_read(t, 0, &value), -ENODEV);
			assert_int_equal(t->ops->alive(t), -ENODEV);
			finish(s, t);
		}
	}
}

/* A refused request leaves the connection usable. */
static void test_errors(void **unused)
{
	static const enum fault faults[] = { ERROR, ERROR_ZERO };
	static const int codes[] = { -EPERM, -EIO };

	(void)unused;
	for (int i = 0; i < 2; i++) {
		struct server *s = start(faults[i], VFIO_USER_REGION_READ);
		struct transport *t;
		uint32_t value;

		assert_int_equal(connect_to(s, &t), 0);
		assert_int_equal(t->ops->reg_read(t, 4, &value), codes[i]);
		assert_int_equal(t->ops->reg_write(t, 4, 1), 0);
		assert_int_equal(t->ops->alive(t), 0);
		finish(s, t);
	}
}

static void test_handshake(void **unused)
{
	static const struct {
		enum fault fault;
		uint16_t command;
		int code;
	} cases[] = {
		{ MAJOR, 0, -EPROTO },
		{ MINOR, 0, -EPROTO },
		{ NOT_PCI, 0, -ENXIO },
		{ NO_MSIX, 0, -ENXIO },
		{ CLOSE, VFIO_USER_VERSION, -ENODEV },
		{ SILENT, VFIO_USER_VERSION, -ENODEV },
		{ ERROR, VFIO_USER_VERSION, -EPERM },
		{ CLOSE, VFIO_USER_DEVICE_GET_INFO, -ENODEV },
		{ TOO_SHORT, VFIO_USER_DEVICE_GET_INFO, -ENODEV },
	};
	struct transport *t;

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct server *s = start(cases[i].fault, cases[i].command);

		assert_int_equal(connect_to(s, &t), cases[i].code);
		assert_null(t);
		assert_non_null(strstr(error, cases[i].fault == ERROR ? "refuses" : s->path));
		finish(s, NULL);
	}
	assert_int_equal(vfio_user_connect("/nonexistent/sock", &options, &t, error), -ENOENT);
	assert_int_equal(vfio_user_connect("", &options, &t, error), -EINVAL);
	assert_int_equal(vfio_user_connect("/0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
					   "01234567890", &options, &t, error), -EINVAL);
}

/* A process that listens and never answers: it sleeps, is stopped, or computes. */
static pid_t silent_process(const char *path, char how)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int ready[2];
	pid_t pid;
	char byte;

	strcpy(address.sun_path, path);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 1) || write(ready[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			if (how == 's')
				pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	if (how == 't') {
		int status;

		kill(pid, SIGSTOP);
		assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	}
	return pid;
}

/* Who does nothing is gone before its time; who is slow has all of it, and so has everybody if no difference is wanted. */
static void test_idle_server(void **unused)
{
	static const struct {
		char how;
		unsigned int timeout_ms, idle_ms;
		const char *text;
	} cases[] = {
		{ 's', 60000, 20, "does nothing" }, { 't', 60000, 20, "does nothing" }, { 'r', 500, 20, "in time" }, { 's', 500, 0, "in time" },
	};
	char directory[] = "/tmp/vfio-user-XXXXXX", path[64];

	(void)unused;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/sock", directory);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct espalier_open_options patience = { .timeout_ms = cases[i].timeout_ms, .idle_ms = cases[i].idle_ms };
		pid_t pid = silent_process(path, cases[i].how);
		char why[ESPALIER_ERROR_LEN];
		struct transport *t;

		assert_int_equal(vfio_user_connect(path, &patience, &t, why), -ENODEV);
		assert_non_null(strstr(why, cases[i].text));
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		unlink(path);
	}
	rmdir(directory);
}

static void test_no_reset(void **unused)
{
	struct server *s = start(NO_RESET, 0);
	struct transport *t;

	(void)unused;
	assert_int_equal(connect_to(s, &t), 0);
	assert_int_equal(t->ops->reset(t), -ENOTSUP);
	finish(s, t);
}

/* Posted writes to a server that is gone, or that does not read: noticed, within the bound. */
static void test_posted(void **unused)
{
	struct server *s = start(CLOSE, VFIO_USER_REGION_WRITE);
	struct transport *t;
	int ret = 0;

	(void)unused;
	assert_int_equal(connect_to(s, &t), 0);
	for (int i = 0; i < 1000 && !ret; i++) {
		ret = t->ops->reg_write(t, 4, 1);
		usleep(100);
	}
	assert_int_equal(ret, -ENODEV);
	finish(s, t);
	s = start(NONE, 0);
	assert_int_equal(connect_to(s, &t), 0);
	s->asleep = true;
	for (ret = 0; !ret;)
		ret = t->ops->reg_write(t, 4, 1);
	assert_int_equal(ret, -ENODEV);
	assert_non_null(strstr(t->error, "in time"));
	s->asleep = false;
	finish(s, t);
}

/* The server goes away while nothing is asked of it. */
static void test_hangup(void **unused)
{
	struct server *s = start(CLOSE, VFIO_USER_DEVICE_RESET);
	struct transport_mem mem = { .iova = 0x100000000, .size = 4096 };
	struct transport *t;
	struct pollfd p;

	(void)unused;
	assert_int_equal(connect_to(s, &t), 0);
	assert_int_equal(t->ops->dma_map(t, &mem), 0);
	p = (struct pollfd){ .fd = t->ops->hangup_fd(t), .events = POLLRDHUP };
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_int_equal(t->ops->reset(t), -ENODEV);
	t->ops->dma_unmap(t, &mem);
	assert_null(mem.va);
	munmap(s->mapped, s->mapped_size);
	finish(s, t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),	  cmocka_unit_test(test_pieces),   cmocka_unit_test(test_interleaved), cmocka_unit_test(test_broken_answers),
		cmocka_unit_test(test_errors),	  cmocka_unit_test(test_handshake), cmocka_unit_test(test_idle_server), cmocka_unit_test(test_no_reset),	   cmocka_unit_test(test_hangup),
		cmocka_unit_test(test_posted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
