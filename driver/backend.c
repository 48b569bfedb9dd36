/* SPDX-License-Identifier: Apache-2.0 */
/* What all backends share: who they are, errors, statuses, and the rules before a device is touched. */
#include "backend.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BACKENDS_MAX 8
#define QUEUE_DEPTH_MIN 16u
#define QUEUE_DEPTH_MAX 32768u

static const struct espalier_backend *backends[BACKENDS_MAX];

int espalier_fail(char *error, int code, const char *format, ...)
{
	va_list args;

	if (error) {
		va_start(args, format);
		vsnprintf(error, ESPALIER_ERROR_LEN, format, args);
		va_end(args);
	}
	return code;
}

int espalier_backend_register(const struct espalier_backend *backend)
{
	for (size_t i = 0; i < BACKENDS_MAX; i++) {
		if (backends[i] == backend)
			return 0;
		if (!backends[i]) {
			backends[i] = backend;
			return 0;
		}
	}
	return -ENOSPC;
}

const struct espalier_backend *espalier_backend_find(const char *name)
{
	size_t len = strcspn(name, ":");

	for (size_t i = 0; i < BACKENDS_MAX && backends[i]; i++)
		if (strlen(backends[i]->name) == len && !strncmp(backends[i]->name, name, len))
			return backends[i];
	return NULL;
}

static const char *const status_names[] = ESP_STATUS_NAMES;

bool espalier_status_known(unsigned int status)
{
	return status < sizeof(status_names) / sizeof(status_names[0]) && status_names[status];
}

const char *espalier_status_name(unsigned int status)
{
	if (status == ESPALIER_STATUS_DEVICE_LOST)
		return "device_lost";
	return espalier_status_known(status) ? status_names[status] : "unknown";
}

unsigned int espalier_queue_depth(unsigned int wanted)
{
	unsigned int depth = QUEUE_DEPTH_MIN;

	while (depth < wanted && depth < QUEUE_DEPTH_MAX)
		depth *= 2;
	return depth;
}
