/* SPDX-License-Identifier: Apache-2.0 */
/* tool dump NAME IV ICV BLOCK | tool build */
#include <stdlib.h>
#include <string.h>

#include "tool.h"

int main(int argc, char **argv)
{
	struct ike_seal_sizes sizes;

	if (argc == 6 && !strcmp(argv[1], "dump")) {
		sizes = (struct ike_seal_sizes){ (uint8_t)atoi(argv[3]), (uint8_t)atoi(argv[4]), (uint8_t)atoi(argv[5]) };
		dump(argv[2], &sizes);
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "build")) {
		build_messages();
		return 0;
	}
	return 2;
}
