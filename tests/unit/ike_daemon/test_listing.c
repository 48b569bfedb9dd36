/* SPDX-License-Identifier: Apache-2.0 */
/* `espalier ike list` and the log with names that peers made up: both go on, and no terminal is told anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "daemon/listing.h"
#include "daemon/log.h"

static const char *remote_id;
static unsigned int last_id = 1;

/* The agent, with IKE SAs from last_id down to 1. */
uint32_t agent_list(struct agent *agent, const struct agent_visitor *visitor, uint32_t below)
{
	struct agent_ike_info info = { .name = "gw", .state = "ESTABLISHED", .local_id = "a.example.org", .remote_id = remote_id };

	(void)agent;
	for (info.id = below ? below - 1 : last_id; info.id; info.id--) {
		visitor->ike(visitor->ctx, &info);
		if (visitor->enough(visitor->ctx))
			return info.id;
	}
	return 0;
}

void agent_get_stats(const struct agent *agent, struct agent_stats *stats)
{
	(void)agent;
	*stats = (struct agent_stats){ 0 };
}

/* All pieces, which are one object in the end; *pieces: how many. */
static json_t *list_all(unsigned int *pieces)
{
	struct listing listing = { 0 };
	char *text = strdup(""), *piece, *more;
	json_error_t error;
	json_t *list;

	for (*pieces = 0; !listing.ended; ++*pieces) {
		piece = listing_next(&listing, NULL);
		assert_non_null(piece);
		assert_true(asprintf(&more, "%s%s", text, piece) >= 0);
		free(text);
		free(piece);
		text = more;
	}
	list = json_loads(text, 0, &error);
	free(text);
	assert_non_null(list);
	assert_true(json_is_true(json_object_get(list, "ok")) && json_is_object(json_object_get(list, "stats")));
	return list;
}

static void lists_as(const char *id, const char *want)
{
	unsigned int pieces;
	json_t *list, *ike;

	remote_id = id;
	list = list_all(&pieces);
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

/* Each SA once, the newest first, whatever their number; no piece is of more than a few. */
static void test_pieces(void **state)
{
	unsigned int pieces;

	(void)state;
	remote_id = "b";
	for (last_id = 0; last_id < 70; last_id++) {
		json_t *list = list_all(&pieces), *ike_sas = json_object_get(list, "ike_sas");

		assert_int_equal(json_array_size(ike_sas), last_id);
		assert_true(pieces > last_id / 17);
		for (unsigned int i = 0; i < last_id; i++)
			assert_int_equal(json_integer_value(json_object_get(json_array_get(ike_sas, i), "id")), last_id - i);
		json_decref(list);
	}
	last_id = 1;
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
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_identities), cmocka_unit_test(test_pieces), cmocka_unit_test(test_log) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
