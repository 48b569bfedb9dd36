/* SPDX-License-Identifier: Apache-2.0 */
/* A line at the control socket: a request that says the same when it is written and read again, or an error with a sentence. */
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool met)
{
	if (!met)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ctl_request request, again;
	char error[CTL_ERROR_LEN] = "", *text;
	json_t *object;

	if (ctl_request_parse((const char *)data, size, &request, error)) {
		demand(*error && strlen(error) < CTL_ERROR_LEN);
		return 0;
	}
	demand(request.command < CTL_COMMAND_COUNT && request.timeout_s <= CTL_TIMEOUT_MAX_S && memchr(request.name, 0, sizeof(request.name)));
	object = ctl_request_build(&request);
	text = json_dumps(object, 0);
	demand(text && strlen(text) <= CTL_REQUEST_MAX);
	demand(!ctl_request_parse(text, strlen(text), &again, error));
	demand(!memcmp(&request, &again, sizeof(request)));
	free(text);
	json_decref(object);
	return 0;
}
