/* SPDX-License-Identifier: Apache-2.0 */
/* `espalier ike list` and the log with names that peers made up: both go on, and no terminal is told anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/listing.h"
#include "daemon/log.h"

static const char *remote_id;

/* The agent, with one IKE SA. */
void agent_list(struct agent *agent, const struct agent_visitor *visitor)
{
	const struct agent_ike_info info = { .name = "gw", .state = "ESTABLISHED", .local_id = "a.example.org", .remote_id = remote_id };

	(void)agent;
	visitor->ike(visitor->ctx, &info);
}

void agent_get_stats(const struct agent *agent, struct agent_stats *stats)
{
	(void)agent;
	*stats = (struct agent_stats){ 0 };
}

static void lists_as(const char *id, const char *want)
{
	json_t *list, *ike;

	remote_id = id;
	list = listing(NULL);
	assert_non_null(list);
	ike = json_array_get(json_object_get(list, "ike_sas"), 0);
	assert_string_equal(json_string_value(json_object_get(ike, "remote_id")), want);
	json_decref(list);
}

static void test_identities(void **state)
{
	(void)state;
	lists_as("b.example.org", "b.example.org");
	lists_as("C=CH, O=Z\xc3\xbcrich", "C=CH, O=Z\xc3\xbcrich");
	lists_as("b\xff.example.org", "b?.example.org");
	lists_as("C=CH, O=Z\xc3...", "C=CH, O=Z?...");
}

/* What the log writes for a text. */
static void logs_as(const char *text, const char *want)
{
	struct log log = { .level = AGENT_INFO };
	int ends[2], before = dup(STDERR_FILENO);
	char line[256] = "";

	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	log_line(&log, AGENT_INFO, "gw[1]", text);
	dup2(before, STDERR_FILENO);
	assert_true(read(ends[0], line, sizeof(line) - 1) > 0);
	close(ends[0]);
	close(ends[1]);
	close(before);
	assert_non_null(strstr(line, want));
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void test_log(void **state)
{
	(void)state;
	logs_as("Z\xc3\xbcrich", " info gw[1]: Z\xc3\xbcrich\n");
	logs_as("a\x1b[2Jb\nc", " info gw[1]: a?[2Jb?c\n");
	logs_as("a\xc2\x9b" "2Jb", " info gw[1]: a\xc2?2Jb\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_identities), cmocka_unit_test(test_log) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
