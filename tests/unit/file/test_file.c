/* SPDX-License-Identifier: Apache-2.0 */
/* Paths through links, replacement as a whole, sockets: stale, live, of somebody else, and many servers at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file/path.h"
#include "file/replace.h"
#include "file/socket_path.h"

#define SERVERS 16

static char dir[32], error[FILE_ERROR_LEN];

static const char *at(const char *name)
{
	static char text[4][PATH_MAX];
	static unsigned int next;
	char *path = text[next++ % 4];

	snprintf(path, PATH_MAX, "%s/%s", dir, name);
	return path;
}

static void spill(const char *name, const char *content)
{
	FILE *file = fopen(at(name), "w");

	assert_non_null(file);
	fputs(content, file);
	fclose(file);
}

static void check_content(const char *name, const char *want)
{
	char content[64] = "";
	FILE *file = fopen(at(name), "r");

	assert_non_null(file);
	assert_int_equal(fread(content, 1, sizeof(content) - 1, file), strlen(want));
	fclose(file);
	assert_string_equal(content, want);
}

static int setup(void **unused)
{
	(void)unused;
	strcpy(dir, "/tmp/espalier-file-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **unused)
{
	char command[64];

	(void)unused;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void check_resolves(const char *name, const char *want)
{
	char resolved[PATH_MAX];

	assert_int_equal(path_resolve(at(name), resolved), 0);
	assert_string_equal(resolved, at(want));
}

static void test_paths(void **unused)
{
	char resolved[PATH_MAX];

	(void)unused;
	mkdir(at("sub"), 0700);
	spill("file", "x");
	assert_int_equal(symlink("file", at("link")), 0);
	assert_int_equal(symlink(at("sub/new"), at("absolute")), 0);
	assert_int_equal(symlink("absolute", at("twice")), 0);
	assert_int_equal(symlink("../sub/./other", at("sub/relative")), 0);
	assert_int_equal(symlink("loop", at("loop")), 0);
	check_resolves("file", "file");
	check_resolves("sub/../link", "file");
	check_resolves("absolute", "sub/new");
	check_resolves("twice", "sub/new");
	check_resolves("sub/relative", "sub/other");
	check_resolves("sub/../missing", "missing");
	assert_int_equal(path_resolve(at("loop"), resolved), -ELOOP);
	assert_int_equal(path_resolve(at("no/where"), resolved), -ENOENT);
	assert_int_equal(path_resolve(at("file/x"), resolved), -ENOTDIR);
	assert_int_equal(path_resolve("", resolved), -ENOENT);
	assert_int_equal(path_resolve("/", resolved), 0);
}

static int replace(const char *name, bool through)
{
	struct replacement new;
	int ret = replace_begin(&new, at(name), 0640, through);

	if (ret)
		return ret;
	fputs("new", new.file);
	return replace_commit(&new);
}

static void test_replace(void **unused)
{
	struct replacement new;
	struct stat st;
	char command[64];

	(void)unused;
	umask(022);
	spill("old", "old");
	assert_int_equal(symlink("old", at("link")), 0);
	assert_int_equal(replace_begin(&new, at("old"), 0640, false), 0);
	fputs("half", new.file);
	replace_abandon(&new);
	check_content("old", "old");
	assert_int_equal(replace("link", false), 0);
	check_content("old", "new");
	assert_int_equal(lstat(at("link"), &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(replace("fresh", false), 0);
	assert_int_equal(stat(at("fresh"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	snprintf(command, sizeof(command), "test $(ls -A %s | wc -l) = 3", dir); /* nothing else is left */
	assert_int_equal(system(command), 0);
}

/* What is no regular file is never put aside. */
static void test_replace_nodes(void **unused)
{
	struct replacement new;
	char got[8] = "";
	struct stat st;
	int fd;

	(void)unused;
	assert_int_equal(mkfifo(at("fifo"), 0600), 0);
	assert_int_equal(replace("fifo", false), -EINVAL);
	assert_int_equal(replace("fifo", true), -ENXIO); /* nobody reads */
	fd = open(at("fifo"), O_RDONLY | O_NONBLOCK);
	assert_int_equal(replace("fifo", true), 0);
	assert_int_equal(read(fd, got, sizeof(got)), 3);
	close(fd);
	assert_int_equal(stat(at("fifo"), &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	assert_int_equal(replace("", true), -EINVAL); /* the directory itself */
	assert_int_equal(replace_begin(&new, "/dev/full", 0600, true), 0);
	fputs("new", new.file);
	assert_int_equal(replace_commit(&new), -ENOSPC);
	assert_int_equal(replace_begin(&new, "/dev/null", 0600, false), -EINVAL);
}

static void test_socket(void **unused)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET };
	struct socket_path one, two;
	struct stat st;
	int fd, client;

	(void)unused;
	for (size_t i = 0; i < 2; i++) {
		fd = socket_path_listen(&one, at("s"), types[i], 1, error);
		assert_true(fd >= 0);
		assert_int_equal(stat(at("s"), &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		for (size_t k = 0; k < 2; k++) {
			assert_int_equal(socket_path_listen(&two, at("s"), types[k], 1, error), -EADDRINUSE);
			assert_non_null(strstr(error, "in use"));
			socket_path_remove(&two);
		}
		assert_int_equal(accept(fd, NULL, NULL), -1); /* who looked was not a client */
		assert_int_equal(errno, EAGAIN);
		strcpy(address.sun_path, at("s"));
		client = socket(AF_UNIX, types[i], 0);
		if (connect(client, (struct sockaddr *)&address, sizeof(address)))
			fail_msg("%s", strerror(errno));
		close(client);
		close(fd); /* killed: the file stays, and the next server takes its place */
	}
	fd = socket_path_listen(&one, at("s"), SOCK_STREAM, 1, error);
	assert_true(fd >= 0);
	unlink(at("s"));
	spill("s", "precious");
	socket_path_remove(&one); /* not the one that was made */
	check_content("s", "precious");
	close(fd);
	unlink(at("s"));
	fd = socket_path_listen(&one, at("s"), SOCK_STREAM, 1, error);
	assert_true(fd >= 0);
	socket_path_remove(&one);
	assert_int_equal(access(at("s"), F_OK), -1);
	close(fd);
}

static void test_socket_elsewhere(void **unused)
{
	struct socket_path one;
	char long_path[200];

	(void)unused;
	spill("file", "precious");
	assert_int_equal(symlink("file", at("link")), 0);
	mkdir(at("sub"), 0700);
	assert_int_equal(mkfifo(at("fifo"), 0600), 0);
	for (const char *const *name = (const char *const[]){ "file", "link", "sub", "fifo", NULL }; *name; name++) {
		assert_int_equal(socket_path_listen(&one, at(*name), SOCK_STREAM, 1, error), -EEXIST);
		assert_non_null(strstr(error, "not a socket"));
		socket_path_remove(&one);
		assert_int_equal(access(at(*name), F_OK), 0);
	}
	check_content("file", "precious");
	assert_int_equal(socket_path_listen(&one, at("no/where"), SOCK_STREAM, 1, error), -ENOENT);
	memset(long_path, 'x', sizeof(long_path));
	long_path[sizeof(long_path) - 1] = '\0';
	assert_int_equal(socket_path_listen(&one, long_path, SOCK_STREAM, 1, error), -ENAMETOOLONG);
}

/* A stale socket and many servers that start at the same time: one of them has it, and stays the one that is reached. */
static void test_socket_race(void **unused)
{
	int won = 0, go[2], stay[2], said[2];

	(void)unused;
	for (int round = 0; round < 20; round++) {
		struct socket_path path;
		char answers[SERVERS];
		size_t got = 0;

		close(socket_path_listen(&path, at("s"), SOCK_STREAM, 1, error));
		assert_int_equal(pipe(go) | pipe(stay) | pipe(said), 0);
		for (int i = 0; i < SERVERS; i++) {
			char byte;

			if (fork())
				continue;
			close(go[1]);
			close(stay[1]);
			(void)!read(go[0], &byte, 1);
			byte = socket_path_listen(&path, at("s"), SOCK_STREAM, 1, error) >= 0;
			(void)!write(said[1], &byte, 1);
			(void)!read(stay[0], &byte, 1);
			_exit(0);
		}
		close(go[1]); /* all at once */
		while (got < SERVERS)
			got += (size_t)read(said[0], answers + got, SERVERS - got);
		for (int i = 0; i < SERVERS; i++)
			won += answers[i];
		assert_int_equal(won, round + 1);
		close(stay[1]);
		while (wait(NULL) > 0)
			;
		close(go[0]);
		close(stay[0]);
		close(said[0]);
		close(said[1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_paths, setup, teardown),
		cmocka_unit_test_setup_teardown(test_replace, setup, teardown),
		cmocka_unit_test_setup_teardown(test_replace_nodes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_socket, setup, teardown),
		cmocka_unit_test_setup_teardown(test_socket_elsewhere, setup, teardown),
		cmocka_unit_test_setup_teardown(test_socket_race, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
