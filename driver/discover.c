/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding cards with libpci: in this machine's PCI tree, and in the sysfs-shaped trees that simulated cards publish
 * (RUNDIR/NAME/sysfs beside RUNDIR/NAME/vfio-user.sock), which libpci reads through its parameter sysfs.path.
 * libpci ends the process on errors unless its error function does not return: here it jumps back.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pci/pci.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend.h"

#define SYSFS_PATH "sysfs.path"

struct found {
	struct espalier_listed *list;
	size_t max, count;
};

static __thread jmp_buf on_error;
static __thread char *error_text;

static void __attribute__((noreturn, format(printf, 1, 2))) pci_failed(char *format, ...)
{
	va_list args;

	if (error_text) {
		va_start(args, format);
		vsnprintf(error_text, ESPALIER_ERROR_LEN, format, args);
		va_end(args);
	}
	longjmp(on_error, 1);
}

static void __attribute__((format(printf, 1, 2))) pci_quiet(char *format, ...)
{
	(void)format;
}

static void read_link(struct pci_dev *dev, struct espalier_listed *entry)
{
	struct pci_cap *cap = pci_find_cap(dev, PCI_CAP_ID_EXP, PCI_CAP_NORMAL);
	unsigned int status;

	if (!cap)
		return;
	status = pci_read_word(dev, (int)cap->addr + PCI_EXP_LNKSTA);
	entry->link_speed = status & PCI_EXP_LNKSTA_SPEED;
	entry->link_width = (status & PCI_EXP_LNKSTA_WIDTH) >> 4;
}

static void add_device(struct pci_dev *dev, const char *socket, struct found *found)
{
	struct espalier_listed entry = { 0 };
	const char *driver;

	pci_fill_info(dev, PCI_FILL_IDENT | PCI_FILL_CAPS | PCI_FILL_DRIVER);
	if (dev->vendor_id != ESPALIER_VENDOR_ID || dev->device_id != ESPALIER_DEVICE_ID)
		return;
	entry.vendor = dev->vendor_id;
	entry.device = dev->device_id;
	entry.simulated = socket != NULL;
	snprintf(entry.address, sizeof(entry.address), "%04x:%02x:%02x.%x", (unsigned int)dev->domain, dev->bus, dev->dev, dev->func);
	if (socket)
		snprintf(entry.name, sizeof(entry.name), "vfio-user:%.240s", socket);
	else
		snprintf(entry.name, sizeof(entry.name), "%s", entry.address);
	driver = pci_get_string_property(dev, PCI_FILL_DRIVER);
	snprintf(entry.driver, sizeof(entry.driver), "%s", driver ? driver : "");
	read_link(dev, &entry);
	if (found->count < found->max)
		found->list[found->count] = entry;
	found->count++;
}

/* tree NULL: this machine's. socket: of the simulated card that published the tree. */
static int scan_tree(char *tree, const char *socket, struct found *found, char *error)
{
	struct pci_access *volatile pci = pci_alloc();

	error_text = error;
	if (setjmp(on_error)) {
		error_text = NULL;
		return -EIO; /* libpci is in no state to be cleaned up: what it holds is given up */
	}
	pci->error = pci_failed;
	pci->warning = pci_quiet;
	pci->debug = pci_quiet;
	if (tree) {
		pci->method = PCI_ACCESS_SYS_BUS_PCI;
		pci_set_param(pci, (char[]){ SYSFS_PATH }, tree);
	}
	pci_init(pci);
	pci_scan_bus(pci);
	for (struct pci_dev *dev = pci->devices; dev; dev = dev->next)
		add_device(dev, socket, found);
	pci_cleanup(pci);
	error_text = NULL;
	return 0;
}

/* Does a process serve this path? A socket that a killed one left refuses. Asked with the wrong type of socket, so that no server sees a client. */
static bool is_served(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat st;
	bool refused;
	int fd;

	if (stat(path, &st) || !S_ISSOCK(st.st_mode) || strlen(path) >= sizeof(address.sun_path))
		return false;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return true;
	strcpy(address.sun_path, path);
	refused = connect(fd, (struct sockaddr *)&address, sizeof(address)) && errno == ECONNREFUSED;
	close(fd);
	return !refused;
}

static void scan_run_dir(const char *dir, struct found *found)
{
	DIR *d = opendir(dir);
	struct dirent *entry;

	while (d && (entry = readdir(d)) != NULL) {
		char socket[PATH_MAX], tree[PATH_MAX], ignored[ESPALIER_ERROR_LEN];

		if (entry->d_name[0] == '.' || snprintf(socket, sizeof(socket), "%s/%s/vfio-user.sock", dir, entry->d_name) >= 240)
			continue;
		snprintf(tree, sizeof(tree), "%s/%s/sysfs", dir, entry->d_name);
		if (is_served(socket) && !access(tree, R_OK))
			scan_tree(tree, socket, found, ignored); /* a tree that is being taken down is no card */
	}
	if (d)
		closedir(d);
}

int espalier_list(struct espalier_listed *list, size_t max, char *error)
{
	struct found found = { list, max, 0 };
	const char *own = getenv("ESPALIER_RUN_DIR"), *session = getenv("XDG_RUNTIME_DIR");
	char path[PATH_MAX];
	int ret = 0;

	if (error)
		error[0] = '\0';
	if (!access("/sys/bus/pci/devices", R_OK)) /* a machine may have no PCI */
		ret = scan_tree(NULL, NULL, &found, error);
	if (ret)
		return ret;
	if (own && *own)
		scan_run_dir(own, &found);
	if (session && *session) {
		snprintf(path, sizeof(path), "%s/espalier", session);
		scan_run_dir(path, &found);
	}
	scan_run_dir("/run/espalier", &found);
	return found.count > INT_MAX ? INT_MAX : (int)found.count;
}
