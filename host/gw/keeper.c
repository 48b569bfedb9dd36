/* SPDX-License-Identifier: Apache-2.0 */
#include "keeper.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct keeper {
	const char *name;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t work;
	int done_fd;
	bool stop, to_close, to_open, opened; /* opened: device and ret are an outcome that nobody has taken */
	struct gw_device old, device;
	int ret;
	char error[ESPALIER_ERROR_LEN];
};

/* With the lock held, which is given up meanwhile. */
static void close_old(struct keeper *keeper)
{
	struct gw_device old = keeper->old;

	keeper->to_close = false;
	pthread_mutex_unlock(&keeper->lock);
	device_close(&old);
	pthread_mutex_lock(&keeper->lock);
}

static void open_new(struct keeper *keeper)
{
	uint64_t one = 1;

	pthread_mutex_unlock(&keeper->lock);
	memset(&keeper->device, 0, sizeof(keeper->device)); /* nobody looks at it before opened is set */
	keeper->ret = device_open(&keeper->device, keeper->name, keeper->error);
	pthread_mutex_lock(&keeper->lock);
	keeper->to_open = false;
	keeper->opened = true;
	(void)!write(keeper->done_fd, &one, sizeof(one));
}

static void *run(void *argument)
{
	struct keeper *keeper = argument;

	pthread_mutex_lock(&keeper->lock);
	for (;;) {
		if (keeper->to_close)
			close_old(keeper);
		else if (keeper->stop)
			break;
		else if (keeper->to_open)
			open_new(keeper);
		else
			pthread_cond_wait(&keeper->work, &keeper->lock);
	}
	pthread_mutex_unlock(&keeper->lock);
	return NULL;
}

int keeper_start(const char *name, struct keeper **keeper)
{
	struct keeper *new = calloc(1, sizeof(*new));
	int ret;

	*keeper = NULL;
	if (!new)
		return -ENOMEM;
	new->name = name;
	pthread_mutex_init(&new->lock, NULL);
	pthread_cond_init(&new->work, NULL);
	new->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	ret = new->done_fd < 0 ? -errno : -pthread_create(&new->thread, NULL, run, new);
	if (ret) {
		if (new->done_fd >= 0)
			close(new->done_fd);
		free(new);
		return ret;
	}
	*keeper = new;
	return 0;
}

void keeper_stop(struct keeper *keeper)
{
	if (!keeper)
		return;
	pthread_mutex_lock(&keeper->lock);
	keeper->stop = true;
	pthread_cond_signal(&keeper->work);
	pthread_mutex_unlock(&keeper->lock);
	pthread_join(keeper->thread, NULL);
	if (keeper->opened && !keeper->ret)
		device_close(&keeper->device);
	close(keeper->done_fd);
	free(keeper);
}

int keeper_fd(const struct keeper *keeper)
{
	return keeper->done_fd;
}

void keeper_close(struct keeper *keeper, const struct gw_device *device)
{
	pthread_mutex_lock(&keeper->lock);
	keeper->old = *device;
	keeper->to_close = true;
	pthread_cond_signal(&keeper->work);
	pthread_mutex_unlock(&keeper->lock);
}

void keeper_open(struct keeper *keeper)
{
	pthread_mutex_lock(&keeper->lock);
	keeper->to_open = !keeper->opened;
	pthread_cond_signal(&keeper->work);
	pthread_mutex_unlock(&keeper->lock);
}

bool keeper_take(struct keeper *keeper, struct gw_device *device, int *ret, char *error)
{
	uint64_t count;
	bool taken;

	pthread_mutex_lock(&keeper->lock);
	(void)!read(keeper->done_fd, &count, sizeof(count));
	taken = keeper->opened;
	keeper->opened = false;
	if (taken) {
		*ret = keeper->ret;
		memcpy(error, keeper->error, ESPALIER_ERROR_LEN);
		if (!keeper->ret)
			*device = keeper->device;
	}
	pthread_mutex_unlock(&keeper->lock);
	return taken;
}
