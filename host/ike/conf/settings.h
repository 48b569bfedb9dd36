/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The syntax of strongswan.conf(5) and swanctl.conf(5), of whatever keys: a tree of sections, where each line of it came from.
 *
 *   name { ... }                    a section; a second one of that name adds to the first
 *   name : sec.tion, other { ... }  with all that those sections have and this one does not
 *   key = value                     to the end of the line, to # or to }; words are joined by one blank; "quoted", with \n \r \t \" \\; a later
 *                                   value replaces an earlier one, an empty one stands for the default
 *   include FILE                    with wildcards, relative to the file it is in, read as if written here
 *   # comment
 *
 * It is read by a tokenizer of its own: the configuration libraries at hand (libucl, say) end an unquoted value at a comma, which separates
 * list items here, know no references, and do not tell the line of a value, which an error must name.
 */
#ifndef ESPALIER_SETTINGS_H
#define ESPALIER_SETTINGS_H

#include "conf/conf.h"

#define SETTINGS_FILE_MAX (16u << 20) /* bytes of a file */
#define SETTINGS_FILES_MAX 256u	      /* files in all */
#define SETTINGS_INCLUDE_MAX 10u      /* files that include each other */
#define SETTINGS_DEPTH_MAX 16u	      /* sections in each other */
#define SETTINGS_NESTED_MAX 128u      /* references that lead to references, and sections on the way */
#define SETTINGS_VALUES_MAX 256u      /* keys of a section */
#define SETTINGS_SECTIONS_MAX 16384u  /* sections in a section */
#define SETTINGS_NODES_MAX (1u << 20) /* sections and values in all, and steps of following references */

struct settings_value {
	char *key, *text;
	struct conf_where where;
};

struct settings_reference {
	char *path; /* "connections.one" */
	struct conf_where where;
};

struct settings_section {
	char *name;
	struct conf_where where;
	bool referenced; /* it, or something in it, by another section */
	bool inherited, inheriting, complete, completing; /* progress of settings_inherit */
	size_t value_count, section_count, reference_count;
	struct settings_value *values;
	struct settings_section **sections;
	uint32_t *hashes; /* of the sections' names: a search reads these, one behind the other */
	struct settings_reference *references;
};

struct settings {
	struct settings_section root;
	size_t nodes;
	unsigned int nested; /* references that are being followed */
	struct conf_list files; /* names of the files read; struct conf_where points here */
	bool includes;		/* "include" is allowed */
	char *error;		/* CONF_ERROR_LEN bytes */
};

/* Into *settings, zeroed but for includes and error. 0 or negative errno with a sentence; settings_free in both cases. */
int settings_read_file(struct settings *settings, const char *path);
int settings_read_text(struct settings *settings, const char *name, const char *text, size_t len);
/* Put what references name into the sections that have them. */
int settings_inherit(struct settings *settings);
/* All but error; texts are wiped, secrets may be among them. */
void settings_free(struct settings *settings);

/* NULL: there is none. */
struct settings_value *settings_find_value(const struct settings_section *section, const char *key);
struct settings_section *settings_find_section(const struct settings_section *section, const char *name);
/* Found or made. NULL with a sentence. */
struct settings_section *settings_add_section(struct settings *settings, struct settings_section *section, const char *name, struct conf_where where);
/* text is copied; replaces a value that is there. */
int settings_set_value(struct settings *settings, struct settings_section *section, const char *key, const char *text, struct conf_where where);

/* "FILE:LINE: ..." into error; returns code, or -EINVAL. */
int settings_fail(char *error, struct conf_where where, const char *format, ...) __attribute__((format(printf, 3, 4)));
int settings_no_memory(char *error); /* -ENOMEM */

/* Room for one more item in an array of count: 0 or -ENOMEM. *items is a pointer to the items. */
int settings_grow(void *items, size_t count, size_t size);
int settings_list_add(struct conf_list *list, const char *text);
void settings_list_free(struct conf_list *list);
/* free() of text after wiping it. */
void settings_wipe(char *text);

#endif
