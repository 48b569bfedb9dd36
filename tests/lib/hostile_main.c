/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostile-card SOCKET: a card that hangs and lies (hostile_card.h), served at SOCKET until its standard input ends. Says "ready"; each line of input
 * is the name of a mood, and is answered with the same line when the card has it.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../sim/options.h"
#include "../../sim/vfio_user.h"
#include "hostile_card.h"

static bool take_line(void)
{
	char line[64];
	size_t len = 0;

	while (len < sizeof(line) - 1 && read(STDIN_FILENO, line + len, 1) == 1 && line[len] != '\n')
		len++;
	if (!len)
		return false;
	line[len] = '\0';
	for (int mood = 0; mood < HOSTILE_MOODS; mood++) {
		if (strcmp(line, hostile_name((enum hostile_mood)mood)))
			continue;
		hostile_set((enum hostile_mood)mood);
		puts(line);
		fflush(stdout);
		return true;
	}
	fprintf(stderr, "hostile-card: no such mood: %s\n", line);
	return false;
}

int main(int argc, char **argv)
{
	static struct vfio_user_server server;
	static struct sim_options options;
	static struct device dev;
	char error[FILE_ERROR_LEN];

	options_defaults(&options);
	if (argc != 2 || hostile_open())
		return 1;
	device_init(&dev, &options);
	if (vfio_user_open(&server, &dev, argv[1], error)) {
		fprintf(stderr, "%s\n", error);
		return 1;
	}
	puts("ready");
	fflush(stdout);
	for (;;) {
		struct pollfd fds[4] = {
			{ .fd = STDIN_FILENO, .events = POLLIN }, { .fd = server.client, .events = POLLIN }, { .fd = server.listener, .events = POLLIN },
			{ .fd = server.refused, .events = POLLIN },
		};

		if (poll(fds, 4, -1) < 0 || (fds[0].revents && !take_line()))
			break;
		if (fds[1].revents)
			vfio_user_serve(&server);
		if (fds[3].revents)
			vfio_user_refuse(&server);
		if (fds[2].revents)
			vfio_user_accept(&server);
	}
	vfio_user_close(&server);
	unlink(argv[1]);
	device_close(&dev);
	hostile_close();
	return 0;
}
