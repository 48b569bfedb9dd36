/* SPDX-License-Identifier: Apache-2.0 */
/* The syntax of swanctl.conf, as strongswan.conf(5) describes it: values, sections, references, included files, lines of errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/settings.h"

static char error[CONF_ERROR_LEN];

static int read_tree(struct settings *settings, const char *text)
{
	int ret;

	*settings = (struct settings){ .error = error };
	*error = '\0';
	ret = settings_read_text(settings, "f", text, strlen(text));
	return ret ? ret : settings_inherit(settings);
}

/* "a.b.c" as text; NULL: not there. */
static const char *get(const struct settings *settings, const char *path)
{
	const struct settings_section *section = &settings->root;
	const struct settings_value *value;
	char copy[128], *rest = copy, *name;

	strcpy(copy, path);
	while ((name = strsep(&rest, ".")) && rest)
		if (!(section = settings_find_section(section, name)))
			return NULL;
	value = settings_find_value(section, name);
	return value ? value->text : NULL;
}

static void check(const char *text, const char *path, const char *expected)
{
	struct settings settings;
	const char *found;

	if (read_tree(&settings, text))
		fail_msg("%s: %s", text, error);
	found = get(&settings, path);
	if (!found != !expected || (found && strcmp(found, expected)))
		fail_msg("%s: %s is %s", text, path, found ? found : "not there");
	settings_free(&settings);
}

static void check_error(const char *text, const char *begin)
{
	struct settings settings;

	assert_int_not_equal(read_tree(&settings, text), 0);
	if (strncmp(error, begin, strlen(begin)))
		fail_msg("%s: %s", text, error);
	settings_free(&settings);
}

static void test_values(void **unused)
{
	(void)unused;
	check("a = b", "a", "b");
	check("a=b\n", "a", "b");
	check("\xef\xbb\xbf# first\r\na = b\r\n", "a", "b");
	check("a = b  c,\td # comment\n", "a", "b c, d");
	check("  a\t=  \"b  c\" d\r\n", "a", "b  c d");
	check("a = \"x \\\"y\\\" \\\\ \\n\\t#{}=\"\n", "a", "x \"y\" \\ \n\t#{}=");
	check("a = \"x \\\n y\"\n", "a", "x  y");
	check("a = \"x\ny\"\nb = 1", "a", "x\ny");
	check("a = \"\"\n", "a", "");
	check("a =\nb = c\n", "a", "");
	check("a =\nb = c\n", "b", "c");
	check("a = b = {c\n", "a", "b = {c");
	check("a = b#c\n", "a", "b");
	check("a = 1\na = 2\n", "a", "2");
	check("include = x\n", "include", "x");
	check("# only\n\n  # comments", "a", NULL);
	check("", "a", NULL);
}

static void test_sections(void **unused)
{
	(void)unused;
	check("s { a = b }", "s.a", "b");
	check("s { a = b\n}\ns { c = d\n }", "s.a", "b");
	check("s { a = b\n}\ns { c = d\n }", "s.c", "d");
	check("s\n# here\n{ t { a = b } u { a = c } }", "s.t.a", "b");
	check("s { t { a = b } u { a = c } }", "s.u.a", "c");
	check("s{a=1}t{a=2}", "t.a", "2");
}

/* The example of strongswan.conf(5), and its rules. */
static void test_references(void **unused)
{
	static const char text[] =
		"conn-defaults {\n rekey_time = 1h\n unique = keep\n}\n"
		"eap-defaults {\n unique = no\n remote {\n auth = eap\n id = %any\n }\n}\n"
		"child-defaults {\n local_ts = 10.0.0.0/8\n}\n"
		"connections {\n"
		"  conn-c : connections.conn-a {\n  remote { id = c } }\n"
		"  conn-a : conn-defaults, eap-defaults {\n"
		"    rekey_time = 2h\n"
		"    children {\n      child-a : child-defaults { remote_ts = ::/0\n }\n    }\n"
		"  }\n"
		"  conn-b : conn-defaults {\n    rekey_time =\n  }\n"
		"}\n";

	(void)unused;
	check(text, "connections.conn-a.rekey_time", "2h");
	check(text, "connections.conn-a.unique", "keep"); /* the first reference that has it */
	check(text, "connections.conn-a.remote.auth", "eap");
	check(text, "connections.conn-a.children.child-a.local_ts", "10.0.0.0/8");
	check(text, "connections.conn-b.rekey_time", "");
	check(text, "connections.conn-c.rekey_time", "2h");
	check(text, "connections.conn-c.unique", "keep");
	check(text, "connections.conn-c.remote.id", "c");
	check(text, "connections.conn-c.remote.auth", "eap");
	check(text, "connections.conn-c.children.child-a.local_ts", "10.0.0.0/8");
	check_error("a {\n}\nb : c {\n}\n", "f:3: there is no section c");
	check_error("a : a { }", "f:1: section a refers to itself");
	check_error("a : b { }\nb : a { }", "f:1: section a refers to itself");
	check_error("a {\n b : a { }\n}", "f:1: section a refers to itself");
	check_error("z : q.x.y { }\nq {\n x : q { y { } } }", "f:3: section x refers to itself");
	check_error("a : b {\n}\nb { c : a.d { } }", "f:");
	check_error("b { c : a.d { } }\na : b {\n}\n", "f:");
}

/* References to references that double at each step end with an error, in time. */
static void test_too_large(void **unused)
{
	struct settings settings;
	char *text = malloc(1 << 16), *p = text;

	(void)unused;
	p += sprintf(p, "s0 { x = 1\n y = 2\n }\n");
	for (int i = 1; i < 60; i++)
		p += sprintf(p, "s%d { a : s%d { }\n b : s%d { } }\n", i, i - 1, i - 1);
	assert_int_not_equal(read_tree(&settings, text), 0);
	assert_non_null(strstr(error, "too large"));
	settings_free(&settings);

	p = text + sprintf(text, "a {");
	for (int i = 0; i < 4200; i++)
		p += sprintf(p, " s%d { }", i);
	p += sprintf(p, "}\nb : a");
	for (int i = 0; i < 255; i++)
		p += sprintf(p, ", a");
	sprintf(p, " { }");
	assert_int_not_equal(read_tree(&settings, text), 0);
	assert_non_null(strstr(error, "too large"));
	settings_free(&settings);

	for (p = text; p < text + 40000;)
		p += sprintf(p, "a {");
	assert_int_not_equal(read_tree(&settings, text), 0);
	assert_non_null(strstr(error, "sections in each other"));
	settings_free(&settings);

	p = text;
	for (int i = 0; i < 1000; i++)
		p += sprintf(p, "s%d { a : s%d { } }\n", i, i + 1);
	sprintf(p, "s1000 { }\n");
	assert_int_not_equal(read_tree(&settings, text), 0);
	assert_non_null(strstr(error, "too deeply"));
	settings_free(&settings);
	free(text);
}

static void test_errors(void **unused)
{
	(void)unused;
	check_error("a\n\nb = c\n", "f:1: expected = or { behind a");
	check_error("\n\n}\n", "f:3: } without");
	check_error("s {\n a = b\n", "f:1: the section s that begins here does not end");
	check_error("a = b\nc = \"x\n\ny\n", "f:2: the quoted string that begins here");
	check_error("a = \"x\ny\\\nz\"\nb\n", "f:4: expected = or { behind b");
	check_error("a = b\n= c\n", "f:2: unexpected =");
	check_error("a.b = c\n", "f:1: expected = or { behind a");
	check_error("\"a\" = c\n", "f:1: unexpected \"");
	check_error("a : b\nc = d\n", "f:2: expected {");
	check_error("a : {\n", "f:1: unexpected {");
	check_error("a = \"x\\", "f:1: the quoted string");
	check_error("\n\x01 = 3\n", "f:2: a key or section should begin here");
	check_error("include x\n", "f:1: include is not possible here");
}

static void test_nul(void **unused)
{
	struct settings settings = { .error = error };

	(void)unused;
	assert_int_not_equal(settings_read_text(&settings, "f", "a = b\nc = \0d\n", 13), 0);
	assert_non_null(strstr(error, "f:2: this is not text"));
	settings_free(&settings);
}

/* ---- included files ------------------------------------------------------------------------------------------------------- */

static char directory[] = "/tmp/ike_conf.XXXXXX";

static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(path_of(name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int make_directory(void **unused)
{
	(void)unused;
	return mkdtemp(directory) && !mkdir(path_of("conf.d"), 0700) ? 0 : -1;
}

static int remove_directory(void **unused)
{
	char command[256];

	(void)unused;
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command);
}

static int load(struct settings *settings, const char *name)
{
	int ret;

	*settings = (struct settings){ .error = error, .includes = true };
	ret = settings_read_file(settings, path_of(name));
	return ret ? ret : settings_inherit(settings);
}

/* The example of strongswan.conf(5). */
static void test_include(void **unused)
{
	struct settings settings;

	(void)unused;
	write_file("main.conf", "a = b\nsection-one {\n    somevalue = before include\n    include include.conf\n}\ninclude other.conf\n");
	write_file("include.conf", "# settings\nsomevalue = asdf\nsubsection {\n    othervalue = yyy\n}\nyetanother = zz\n");
	write_file("other.conf", "section-one {\n    subsection {\n        othervalue = xxx\n    }\n}\nsection-two {\n    x = 12\n}\n");
	assert_int_equal(load(&settings, "main.conf"), 0);
	assert_string_equal(get(&settings, "a"), "b");
	assert_string_equal(get(&settings, "section-one.somevalue"), "asdf");
	assert_string_equal(get(&settings, "section-one.subsection.othervalue"), "xxx");
	assert_string_equal(get(&settings, "section-one.yetanother"), "zz");
	assert_string_equal(get(&settings, "section-two.x"), "12");
	assert_int_equal(settings.files.count, 3);
	settings_free(&settings);
}

static void test_include_wildcards(void **unused)
{
	struct settings settings;
	const struct settings_value *value;

	(void)unused;
	write_file("conf.d/1.conf", "one = 1\nboth = first\n");
	write_file("conf.d/2.conf", "\ntwo = 2\nboth = second\n");
	write_file("wild.conf", "include conf.d/*.conf\ninclude \"conf.d/*.none\"\n");
	assert_int_equal(load(&settings, "wild.conf"), 0);
	assert_string_equal(get(&settings, "one"), "1");
	assert_string_equal(get(&settings, "both"), "second");
	value = settings_find_value(&settings.root, "both");
	assert_int_equal(value->where.line, 3);
	assert_string_equal(value->where.file, path_of("conf.d/2.conf"));
	settings_free(&settings);
}

static void load_fails(const char *name, const char *expected)
{
	struct settings settings;

	assert_int_not_equal(load(&settings, name), 0);
	if (!strstr(error, expected))
		fail_msg("%s: %s", name, error);
	settings_free(&settings);
}

static void test_include_errors(void **unused)
{
	(void)unused;
	write_file("missing.conf", "\ninclude none.conf\n");
	load_fails("missing.conf", "missing.conf:2: ");
	load_fails("absent.conf", "cannot be read: No such file");
	write_file("loop.conf", "include loop.conf\n");
	load_fails("loop.conf", "files that include each other");
	write_file("twice.conf", "include twice.conf\ninclude twice.conf\n");
	load_fails("twice.conf", "files that include each other");
	write_file("open.conf", "a {\n");
	write_file("closing.conf", "s {\ninclude open.conf\n}}\n");
	load_fails("closing.conf", "open.conf:1: the section a");
	write_file("dir.conf", "include conf.d\n");
	load_fails("dir.conf", "not a regular file");
	assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
	write_file("fifo.conf", "include fifo\n");
	load_fails("fifo.conf", "not a regular file");
	write_file("deep.conf", "x = 1\ns {\n include conf.d/bad\n}\n");
	write_file("conf.d/bad", "\n\n\nx\n");
	load_fails("deep.conf", "conf.d/bad:4: expected =");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),		   cmocka_unit_test(test_sections),	  cmocka_unit_test(test_references),
		cmocka_unit_test(test_too_large),	   cmocka_unit_test(test_errors),	  cmocka_unit_test(test_nul),
		cmocka_unit_test(test_include),		   cmocka_unit_test(test_include_wildcards), cmocka_unit_test(test_include_errors),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
