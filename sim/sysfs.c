// SPDX-License-Identifier: Apache-2.0
// Publishes configuration space as a sysfs-shaped tree; see sysfs.h.
#include "sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEMORY_FLAGS 0x140204ull /* Linux resource flags: memory, 64 bit */
#define RESOURCES 13		 /* 6 BARs, ROM, and the bridge windows that sysfs lists for everyone */

static const char *const file_names[] = {
	"config", "resource", "vendor", "device", "subsystem_vendor", "subsystem_device", "class", "revision", "irq",
	"current_link_speed", "current_link_width", "max_link_speed", "max_link_width",
};

static const char *const speed_names[] = {"", "2.5 GT/s PCIe\n", "5.0 GT/s PCIe\n", "8.0 GT/s PCIe\n", "16.0 GT/s PCIe\n", "32.0 GT/s PCIe\n"};

static int write_file(const struct sysfs *fs, const char *name, const char *text)
{
	char path[400];
	size_t len = strlen(text);
	int fd, ret = 0;

	snprintf(path, sizeof path, "%s/%s", fs->device, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	if (write(fd, text, len) != (ssize_t)len)
		ret = -EIO;
	close(fd);
	return ret;
}

/* digits: hexadecimal ones; 0: decimal. */
static int write_number(const struct sysfs *fs, const char *name, int digits, unsigned int value)
{
	char text[32];

	if (digits)
		snprintf(text, sizeof text, "0x%0*x\n", digits, value);
	else
		snprintf(text, sizeof text, "%u\n", value);
	return write_file(fs, name, text);
}

static int write_resources(const struct sysfs *fs, uint64_t bar)
{
	char text[RESOURCES * 60];
	int at = 0;

	for (int i = 0; i < RESOURCES; i++) {
		unsigned long long first = i == 0 ? bar : 0, last = i == 0 ? bar + SIM_BAR_SIZE - 1 : 0;

		at += snprintf(text + at, sizeof text - (size_t)at, "0x%016llx 0x%016llx 0x%016llx\n", first, last,
			       i == 0 ? MEMORY_FLAGS : 0ull);
	}
	return write_file(fs, "resource", text);
}

static int make_dir(const char *path)
{
	return mkdir(path, 0755) && errno != EEXIST ? -errno : 0;
}

static int make_tree(struct sysfs *fs, const char *dir)
{
	char path[340];
	int ret;

	snprintf(fs->root, sizeof fs->root, "%s/sysfs", dir);
	snprintf(path, sizeof path, "%s/devices", fs->root);
	snprintf(fs->device, sizeof fs->device, "%s/" SIM_SLOT_NAME, path);
	ret = make_dir(fs->root);
	if (ret == 0)
		ret = make_dir(path);
	if (ret == 0)
		ret = make_dir(fs->device);
	/* libpci complains when there are no slots to look at. */
	snprintf(path, sizeof path, "%s/slots", fs->root);
	return ret ? ret : make_dir(path);
}

static int write_files(const struct sysfs *fs, const struct sim_options *opt)
{
	const struct {
		const char *name;
		int digits;
		unsigned int value;
	} numbers[] = {
		{"vendor", 4, CONFIG_VENDOR}, {"device", 4, CONFIG_DEVICE}, {"subsystem_vendor", 4, CONFIG_SUBVENDOR},
		{"subsystem_device", 4, CONFIG_SUBDEVICE}, {"class", 6, CONFIG_CLASS}, {"revision", 2, CONFIG_REVISION},
		{"irq", 0, 0}, {"current_link_width", 0, opt->width}, {"max_link_width", 0, opt->width},
	};
	int ret = write_resources(fs, opt->bar);

	for (size_t i = 0; ret == 0 && i < sizeof numbers / sizeof numbers[0]; i++)
		ret = write_number(fs, numbers[i].name, numbers[i].digits, numbers[i].value);
	if (ret == 0)
		ret = write_file(fs, "current_link_speed", speed_names[opt->speed]);
	return ret ? ret : write_file(fs, "max_link_speed", speed_names[opt->speed]);
}

int sysfs_publish(struct sysfs *fs, const char *dir, const struct config_space *cs, const struct sim_options *opt)
{
	char path[400];
	int ret;

	fs->config_fd = -1;
	ret = make_tree(fs, dir);
	if (ret == 0)
		ret = write_files(fs, opt);
	if (ret)
		return ret;
	snprintf(path, sizeof path, "%s/config", fs->device);
	fs->config_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fs->config_fd < 0)
		return -errno;
	sysfs_update(fs, cs);
	return 0;
}

/* One write: a reader sees the state before it or after it. A full disk leaves an old state; the card does not care. */
void sysfs_update(struct sysfs *fs, const struct config_space *cs)
{
	if (pwrite(fs->config_fd, cs->data, CONFIG_SIZE, 0) != (ssize_t)CONFIG_SIZE)
		fprintf(stderr, "espalier-sim: cannot publish configuration space: %s\n", strerror(errno));
}

void sysfs_remove(struct sysfs *fs)
{
	char path[400];

	if (fs->config_fd >= 0)
		close(fs->config_fd);
	for (size_t i = 0; i < sizeof file_names / sizeof file_names[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", fs->device, file_names[i]);
		unlink(path);
	}
	rmdir(fs->device);
	snprintf(path, sizeof path, "%s/devices", fs->root);
	rmdir(path);
	snprintf(path, sizeof path, "%s/slots", fs->root);
	rmdir(path);
	rmdir(fs->root);
}
