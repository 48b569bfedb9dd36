/* SPDX-License-Identifier: Apache-2.0 */
/* The other end of the control socket: one request, its lines of log, its answer. */
#include "ctl/ctl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct answer {
	char *data;
	size_t len, size;
	void (*on_log)(void *context, const char *text);
	void *context;
};

static int connect_to(const char *path, int *fd, char *error)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path)) {
		snprintf(error, CTL_ERROR_LEN, "%.200s is too long for the name of a socket", path);
		return -ENAMETOOLONG;
	}
	strcpy(address.sun_path, path);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd >= 0 && !connect(*fd, (struct sockaddr *)&address, sizeof(address)))
		return 0;
	snprintf(error, CTL_ERROR_LEN, "espalier-ike cannot be reached at %s: %s", path, strerror(errno));
	return -errno;
}

static int send_request(int fd, const struct ctl_request *request, char *error)
{
	json_t *object = ctl_request_build(request);
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	size_t len = text ? strlen(text) : 0;
	int ret = -ENOMEM;

	if (text) {
		text[len] = '\n'; /* in the place of its NUL */
		ret = send(fd, text, len + 1, MSG_NOSIGNAL) == (ssize_t)(len + 1) ? 0 : -EPIPE;
	}
	if (ret)
		snprintf(error, CTL_ERROR_LEN, "the request cannot be sent: %s", strerror(-ret));
	free(text);
	json_decref(object);
	return ret;
}

/* One line, without its end. 1: it is the answer, in *last. 0: log. */
static int take_line(const struct answer *answer, const char *line, size_t len, json_t **last, char *error)
{
	json_t *object = json_loadb(line, len, 0, NULL);
	const char *text = json_string_value(json_object_get(object, "log"));

	if (json_is_boolean(json_object_get(object, "ok"))) {
		*last = object;
		return 1;
	}
	if (!text) {
		json_decref(object);
		snprintf(error, CTL_ERROR_LEN, "espalier-ike's answer is not understood");
		return -EPROTO;
	}
	if (answer->on_log)
		answer->on_log(answer->context, text);
	json_decref(object);
	return 0;
}

/* The whole lines that are there. */
static int take_lines(struct answer *answer, size_t from, json_t **last, char *error)
{
	size_t begin = 0;
	char *end;

	while ((end = memchr(answer->data + from, '\n', answer->len - from))) {
		int ret = take_line(answer, answer->data + begin, (size_t)(end - answer->data) - begin, last, error);

		if (ret)
			return ret;
		from = begin = (size_t)(end - answer->data) + 1;
	}
	answer->len -= begin;
	memmove(answer->data, answer->data + begin, answer->len);
	return 0;
}

static int make_room(struct answer *answer)
{
	size_t size = answer->size ? 2 * answer->size : 4096;
	char *data;

	if (answer->len < answer->size)
		return 0;
	if (size > 2 * (size_t)CTL_BACKLOG_MAX)
		return -EMSGSIZE;
	data = realloc(answer->data, size);
	if (!data)
		return -ENOMEM;
	answer->data = data;
	answer->size = size;
	return 0;
}

static int read_answer(int fd, struct answer *answer, json_t **last, char *error)
{
	for (;;) {
		int ret = make_room(answer);
		size_t old = answer->len;
		ssize_t n;

		if (ret) {
			snprintf(error, CTL_ERROR_LEN, "the answer is too long: %s", strerror(-ret));
			return ret;
		}
		n = recv(fd, answer->data + old, answer->size - old, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			snprintf(error, CTL_ERROR_LEN, "espalier-ike has closed the connection without an answer");
			return -ECONNRESET;
		}
		answer->len += (size_t)n;
		ret = take_lines(answer, old, last, error);
		if (ret)
			return ret < 0 ? ret : 0;
	}
}

int ctl_ask(const char *path, const struct ctl_request *request, void (*on_log)(void *context, const char *text), void *context, json_t **answer,
	    char error[CTL_ERROR_LEN])
{
	struct answer a = { .on_log = on_log, .context = context };
	int fd = -1, ret;

	*answer = NULL;
	ret = connect_to(path, &fd, error);
	if (!ret)
		ret = send_request(fd, request, error);
	if (!ret)
		ret = read_answer(fd, &a, answer, error);
	free(a.data);
	if (fd >= 0)
		close(fd);
	return ret;
}
