/* SPDX-License-Identifier: Apache-2.0 */
/* Discovery with libpci on made sysfs trees, and the device "sim" with made programs in the place of espalier-sim. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "backend.h"
#include "sim_process.h"

static char root[64], error[ESPALIER_ERROR_LEN];

static void shell(const char *format, const char *argument)
{
	char command[512];

	snprintf(command, sizeof(command), format, root, argument);
	assert_int_equal(system(command), 0);
}

static void make_file(const char *name, const void *bytes, size_t len)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	fclose(file);
}

static int setup(void **unused)
{
	(void)unused;
	strcpy(root, "/tmp/espalier-test-XXXXXX");
	assert_non_null(mkdtemp(root));
	setenv("ESPALIER_RUN_DIR", root, 1);
	setenv("XDG_RUNTIME_DIR", root, 1);
	unsetenv("ESPALIER_SIM_ARGS");
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	shell("rm -rf %s%s", "");
	return 0;
}

/* NAME/sysfs/devices/0000:01:00.0 with the files that libpci reads, and NAME/vfio-user.sock; returns the socket. */
static int make_card(const char *name, uint16_t device)
{
	uint8_t config[256] = { 0xee, 0x10, (uint8_t)device, (uint8_t)(device >> 8), 0, 0, 0x10, 0 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char path[160], text[64];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	config[0x34] = 0x40;
	config[0x40] = 0x10; /* PCI Express, generation 3, 8 lanes */
	config[0x52] = 0x83;
	shell("mkdir -p %s/%s/sysfs/devices/0000:01:00.0", name);
	shell("mkdir -p %s/%s/sysfs/slots", name);
	snprintf(path, sizeof(path), "%s/sysfs/devices/0000:01:00.0/config", name);
	make_file(path, config, sizeof(config));
	snprintf(path, sizeof(path), "%s/sysfs/devices/0000:01:00.0/vendor", name);
	make_file(path, "0x10ee\n", 7);
	snprintf(path, sizeof(path), "%s/sysfs/devices/0000:01:00.0/device", name);
	make_file(path, text, (size_t)snprintf(text, sizeof(text), "0x%04x\n", device));
	snprintf(path, sizeof(path), "%s/sysfs/devices/0000:01:00.0/class", name);
	make_file(path, "0x120000\n", 9);
	snprintf(path, sizeof(path), "%s/sysfs/devices/0000:01:00.0/irq", name);
	make_file(path, "0\n", 2);
	snprintf(path, sizeof(path), "%s/sysfs/devices/0000:01:00.0/resource", name);
	make_file(path, "", 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%.60s/%.20s/vfio-user.sock", root, name);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static unsigned int find(const struct espalier_listed *list, int n, const char *name)
{
	char want[ESPALIER_NAME_LEN];
	unsigned int count = 0;

	snprintf(want, sizeof(want), "vfio-user:%s/%s/vfio-user.sock", root, name);
	for (int i = 0; i < n; i++) {
		if (strcmp(list[i].name, want))
			continue;
		assert_string_equal(list[i].address, "0000:01:00.0");
		assert_int_equal(list[i].vendor, 0x10ee);
		assert_int_equal(list[i].device, 0xe5b0);
		assert_int_equal(list[i].link_speed, 3);
		assert_int_equal(list[i].link_width, 8);
		assert_true(list[i].simulated);
		count++;
	}
	return count;
}

static void test_list(void **unused)
{
	static struct espalier_listed list[64];
	int first, fds[3], n;

	(void)unused;
	n = espalier_list(list, 64, error);
	assert_true(n >= 0);
	first = n;
	fds[0] = make_card("one", 0xe5b0);
	fds[1] = make_card("two", 0xe5b0);
	fds[2] = make_card("other", 0x1234); /* not ours */
	shell("mkdir -p %s/%s/sysfs/devices", "no-socket");
	shell("touch %s/%s", "a-file");
	shell("mkdir -p %s/%s && touch %1$s/%2$s/vfio-user.sock", "not-a-socket");
	n = espalier_list(list, 64, error);
	assert_int_equal(n, first + 2);
	assert_int_equal(find(list, n, "one"), 1);
	assert_int_equal(find(list, n, "two"), 1);
	close(fds[1]); /* killed: its socket and tree stay */
	n = espalier_list(list, 64, error);
	assert_int_equal(n, first + 1);
	assert_int_equal(find(list, n, "two"), 0);
	shell("rm -r %s/%s", "two");
	fds[1] = make_card("two", 0xe5b0); /* and is started again */
	n = espalier_list(list, 64, error);
	assert_int_equal(find(list, n, "two"), 1);
	shell("rm %s/%s/sysfs/devices/0000:01:00.0/config", "two"); /* a card that is just going */
	n = espalier_list(list, 64, error);
	assert_true(n >= first + 1);
	assert_int_equal(find(list, n, "one"), 1);
	assert_true(espalier_list(list, 0, error) >= first + 1); /* counts beyond the room */
	for (int i = 0; i < 3; i++)
		close(fds[i]);
}

static void make_sim(const char *script)
{
	char path[128];

	make_file("sim", script, strlen(script));
	snprintf(path, sizeof(path), "%s/sim", root);
	assert_int_equal(chmod(path, 0755), 0);
	setenv("ESPALIER_SIM", path, 1);
}

static unsigned int leftovers(void)
{
	DIR *dir = opendir(root);
	unsigned int count = 0;

	for (struct dirent *e; (e = readdir(dir)) != NULL;)
		count += !strncmp(e->d_name, "espalier-", 9);
	closedir(dir);
	return count;
}

static int start(struct sim_process **sim, char *socket)
{
	return sim_process_start(2000, sim, socket, error);
}

static void test_sim_starts(void **unused)
{
	char socket[ESPALIER_NAME_LEN], text[256] = "", path[128], pid[32] = "";
	struct sim_process *sim;
	FILE *file;

	(void)unused;
	setenv("ESPALIER_SIM_ARGS", "--seed 5\t--x", 1);
	make_sim("#!/bin/sh\ndir=$3\necho \"$@\" >$dir/args\necho $$ >${0%/*}/pid\necho hello\nmkdir $dir/deep && touch $dir/deep/file\necho ready\n"
		 "exec sleep 60\n");
	assert_int_equal(start(&sim, socket), 0);
	assert_int_equal(leftovers(), 1);
	assert_non_null(strstr(socket, "/vfio-user.sock"));
	*strrchr(socket, '/') = '\0';
	assert_int_equal(strncmp(socket, root, strlen(root)), 0);
	snprintf(path, sizeof(path), "%.100s/args", socket);
	file = fopen(path, "r");
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	assert_int_equal(strncmp(text, "--remove-dir --dir ", 19), 0);
	assert_non_null(strstr(text, " --seed 5 --x\n"));
	snprintf(path, sizeof(path), "%s/pid", root);
	file = fopen(path, "r");
	assert_non_null(fgets(pid, sizeof(pid), file));
	fclose(file);
	assert_int_equal(kill(atoi(pid), 0), 0);
	sim_process_stop(sim);
	assert_int_equal(kill(atoi(pid), 0), -1);
	assert_int_equal(leftovers(), 0);
}

static void test_sim_fails(void **unused)
{
	char socket[ESPALIER_NAME_LEN];
	struct sim_process *sim;
	struct espalier_dev *dev;

	(void)unused;
	setenv("ESPALIER_SIM", "/nonexistent/espalier-sim", 1);
	assert_int_equal(start(&sim, socket), -ENOENT);
	assert_non_null(strstr(error, "/nonexistent/espalier-sim"));
	make_sim("#!/bin/sh\nexit 3\n");
	assert_int_equal(start(&sim, socket), -EIO);
	make_sim("#!/bin/sh\nexec sleep 60\n");
	assert_int_equal(sim_process_start(100, &sim, socket, error), -ETIMEDOUT);
	assert_null(sim);
	make_sim("#!/bin/sh\necho already\nexit 0\n"); /* ready only at the beginning of a line counts */
	assert_int_equal(start(&sim, socket), -EIO);
	make_sim("not a program");
	assert_int_equal(start(&sim, socket), -EIO);
	make_sim("#!/bin/sh\necho ready\nexec sleep 60\n"); /* ready, but no socket */
	assert_int_equal(espalier_open("sim", NULL, &dev, error), -ENOENT);
	assert_null(dev);
	assert_int_equal(leftovers(), 0);
}

/* A simulated card that does not go when asked to. */
static void test_sim_stubborn(void **unused)
{
	char socket[ESPALIER_NAME_LEN];
	struct sim_process *sim;

	(void)unused;
	make_sim("#!/bin/sh\ntrap '' TERM\necho ready\nwhile :; do sleep 1; done\n");
	assert_int_equal(start(&sim, socket), 0);
	sim_process_stop(sim);
	assert_int_equal(leftovers(), 0);
}

static void test_names(void **unused)
{
	struct espalier_dev *dev;
	char name[400];

	(void)unused;
	assert_int_equal(espalier_open("", NULL, &dev, error), -EINVAL);
	assert_int_equal(espalier_open("eth0", NULL, &dev, error), -ENODEV);
	assert_non_null(strstr(error, "eth0"));
	assert_int_equal(espalier_open("software", NULL, &dev, error), -ENODEV); /* not linked into this test */
	assert_int_equal(espalier_open("vfio-user:", NULL, &dev, error), -EINVAL);
	assert_int_equal(espalier_open("vfio-user:/nonexistent", NULL, &dev, NULL), -ENOENT);
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(espalier_open(name, NULL, &dev, error), -EINVAL);
	espalier_close(NULL);
	assert_string_equal(espalier_status_name(ESP_STATUS_ICV_MISMATCH), "icv_mismatch");
	assert_string_equal(espalier_status_name(ESPALIER_STATUS_DEVICE_LOST), "device_lost");
	assert_string_equal(espalier_status_name(99), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_list, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sim_starts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sim_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sim_stubborn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
