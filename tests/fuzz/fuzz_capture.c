/* SPDX-License-Identifier: Apache-2.0 */
/* Captures of all kinds: every packet that is said to be there lies in memory, and its lengths fit each other. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cmd/capture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool met)
{
	if (!met)
		abort();
}

static void look(const struct capture_packet *packet)
{
	volatile uint8_t sum = 0;

	for (uint32_t i = 0; i < packet->ip_len; i++)
		sum = (uint8_t)(sum + packet->ip[i]);
	demand(packet->link_len <= CAPTURE_LINK_MAX && packet->ip_len <= CAPTURE_FRAME_MAX && packet->trailer <= packet->ip_len);
	demand(!packet->trailer || (packet->verdict == CAPTURE_IPV4 && packet->ip_len - packet->trailer >= 20));
	demand(capture_verdict_name(packet->verdict)[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	static char path[32];
	char error[CAPTURE_ERROR_LEN] = "";
	struct capture_packet packet;
	struct capture_in *in;
	int ret;

	if (fd < 0) {
		fd = memfd_create("fuzz", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	demand(fd >= 0 && !ftruncate(fd, 0) && pwrite(fd, data, size, 0) == (ssize_t)size);
	ret = capture_open_in(path, &in, error);
	if (ret) {
		demand(!in && *error);
		return 0;
	}
	while ((ret = capture_read(in, &packet, error)) == 1)
		look(&packet);
	demand(!ret || *error);
	capture_close_in(in);
	return 0;
}
