/* SPDX-License-Identifier: Apache-2.0 */
#include "device_access.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SOCKET "vfio-user:"

/* Of a PCI address, with or without domain. */
static int vfio_group(const char *address, char *path)
{
	const char *first = strchr(address, ':'), *number;
	char link[PATH_MAX], target[PATH_MAX];
	ssize_t len;

	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s%.64s/iommu_group", first && strchr(first + 1, ':') ? "" : "0000:", address);
	len = readlink(link, target, sizeof(target) - 1);
	if (len <= 0)
		return -ENOENT;
	target[len] = '\0';
	number = strrchr(target, '/');
	snprintf(path, PATH_MAX, "/dev/vfio/%.32s", number ? number + 1 : target);
	return 0;
}

int device_access(const char *device, char *path)
{
	if (!strncmp(device, SOCKET, strlen(SOCKET)))
		snprintf(path, PATH_MAX, "%s", device + strlen(SOCKET));
	else if (vfio_group(device, path))
		return 0;
	return access(path, R_OK | W_OK) ? -errno : 0;
}
