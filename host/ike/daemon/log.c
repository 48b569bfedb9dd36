/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/log.h"

#include "ctl/ctl.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#define LINE_LEN 2048

static size_t put_time(char *line, size_t size)
{
	struct timespec now;
	struct tm local;
	size_t len;

	clock_gettime(CLOCK_REALTIME, &now);
	len = strftime(line, size, "%F %T", localtime_r(&now.tv_sec, &local));
	return len + (size_t)snprintf(line + len, size - len, ".%03ld", now.tv_nsec / 1000000);
}

/* A control character beyond ASCII, U+0080 to U+009F: terminals obey these too. */
static bool is_c1(const char *line, const char *c)
{
	return c > line && (unsigned char)c[-1] == 0xc2 && (unsigned char)*c >= 0x80 && (unsigned char)*c <= 0x9f;
}

void log_line(struct log *log, enum agent_log level, const char *sa, const char *text)
{
	static const char *const names[] = { "error", "info", "debug" };
	char line[LINE_LEN];
	size_t len;

	if (level > log->level)
		return;
	len = put_time(line, sizeof(line));
	snprintf(line + len, sizeof(line) - len, " %s %s%s%s", names[level], sa, *sa ? ": " : "", text);
	/* Parts of it came from the network: no terminal or log takes harm. */
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f || is_c1(line, c))
			*c = '?';
	fprintf(stderr, "%s\n", line);
	if (log->server)
		ctl_server_log(log->server, line);
}

void log_format(struct log *log, enum agent_log level, const char *format, ...)
{
	char text[LINE_LEN];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	log_line(log, level, "", text);
}
