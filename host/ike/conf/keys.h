/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of a section as a table: what each is called, what it may hold, where its value goes. */
#ifndef ESPALIER_CONF_KEYS_H
#define ESPALIER_CONF_KEYS_H

#include "conf/settings.h"

#include <openssl/evp.h>

#define CONF_UNSET UINT64_MAX /* of a time, or bytes, or packets that was not given */
#define CONF_TIME_MAX (10u * 366u * 86400u) /* seconds */
#define CONF_COUNT_MAX (UINT64_MAX / 4)	    /* bytes, packets: sums of two do not overflow */

/* What is being built, from what. */
struct loader {
	struct settings settings;
	struct conf *conf;
	char *directory;  /* of the configuration file, "/" at its end, or "" */
	char *error;
	EVP_MD_CTX *digest; /* of what is set now; NULL: none is made */
};

enum key_type {
	KEY_BOOL,      /* bool */
	KEY_NUMBER,    /* unsigned integer of size bytes, or of none: checked only; text, if not NULL, stands for the standard */
	KEY_TIME,      /* the same, in seconds */
	KEY_BYTES,     /* the same */
	KEY_WORD,      /* enum: the words in text are its values 0, 1, 2... */
	KEY_ONLY,      /* nothing: known, but only the words in text are possible */
	KEY_ACTION,    /* unsigned int */
	KEY_TEXT,      /* char * */
	KEY_SECRET,    /* uint8_t *, its size_t behind it */
	KEY_FILE,      /* char *, of directory text */
	KEY_FILES,     /* struct conf_list, the same */
	KEY_URIS,      /* struct conf_list, file:// */
	KEY_IDS,       /* struct conf_list: each key that begins with the name adds one item */
	KEY_ADDRS,     /* struct conf_addrs */
	KEY_SELECTORS, /* struct conf_selectors */
	KEY_IKE,       /* const struct proposals *: of IKE SAs */
	KEY_ESP,       /* the same, of CHILD SAs */
	KEY_AUTH,      /* struct conf_auth, its method and rules */
};

struct key {
	const char *name;
	enum key_type type;
	const char *standard; /* the value when none is given; NULL: the field stays as it is */
	size_t offset, size;
	uint64_t min, max;    /* of numbers */
	const char *text;
	bool needed;
	bool apart;	      /* not part of a digest */
};

#define KEY_AT(type, member) .offset = offsetof(struct type, member), .size = sizeof(((struct type *)NULL)->member)
#define KEY_COUNT(keys) (sizeof(keys) / sizeof(*(keys)))

/* All values of a section into *object. Unknown keys are errors. 0 or a negative errno with a sentence. */
int keys_apply(struct loader *loader, const struct settings_section *section, const struct key *keys, size_t count, void *object);

/*
 * Between both calls names, keys and values of all sections that keys_apply sees go into a SHA-256: values as they are stored, defaults too.
 * 0 or a negative errno with a sentence; _end also without _begin, or after an error.
 */
int keys_digest_begin(struct loader *loader);
int keys_digest_end(struct loader *loader, uint8_t digest[CONF_DIGEST_LEN]);

/* "FILE:LINE: unknown section NAME in PARENT, did you mean ...?"; names ends with NULL. */
int keys_unknown_section(struct loader *loader, const struct settings_section *section, const char *parent, const char *const *names);
/* NULL, or the name to suggest: the nearest of names, no further than a slip of the fingers. */
const char *keys_nearest(const char *name, const char *const *names, size_t count);

/* file with the directory in front, unless it is absolute; NULL without memory. */
char *loader_path(const struct loader *loader, const char *directory, const char *file);

#endif
