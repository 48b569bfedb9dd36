/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manual SAs: a file of lines in the form of iproute2's `ip -batch`, `xfrm state add ...`, so that the same file works with ip on Linux.
 * What a card cannot honour is an error with file, line and reason; nothing is ignored in silence.
 * The structs hold keys: states_free() wipes them.
 */
#ifndef ESPALIER_STATES_H
#define ESPALIER_STATES_H

#include <stdio.h>

#include "espalier.h"

#define STATES_ERROR_LEN 768

/* Which inner packets a state is for: `sel src A/P dst B/P [proto P] [sport S] [dport D] [type T] [code C]`. Addresses as numbers. */
struct selector {
	uint32_t src, src_mask;
	uint32_t dst, dst_mask;
	uint8_t proto; /* 0: any */
	bool has_sport, has_dport; /* ICMP: type and code */
	uint16_t sport, dport;
};

struct state {
	unsigned int line; /* in the file, from 1 */
	uint32_t spi, src, dst;
	uint8_t key[32], key_len, salt[4];
	bool esn;
	uint32_t replay_window; /* packets */
	uint64_t seq;  /* highest number received (replay-seq) */
	uint64_t oseq; /* last number sent (replay-oseq) */
	struct selector selector; /* all zero: every packet */
	char *words; /* the line as it was, without the replay-seq and replay-oseq options; for states_write */
	/* for the run that uses the list */
	uint16_t sa;	  /* index in the device */
	bool used;	  /* did anything */
	uint64_t reached; /* no number above it is in use: sent, or received */
};

struct states {
	struct state *list;
	size_t count;
};

/* Read path ("-" is not special). Returns 0, or a negative errno value with error = "FILE:LINE: reason" (STATES_ERROR_LEN bytes). */
int states_load(const char *path, struct states *states, char *error);

/* The same from memory; name stands for the file in errors. text is not changed. */
int states_parse(const char *name, const char *text, size_t len, struct states *states, char *error);

/*
 * The states with their present seq and oseq, for states_load(). Of a stream without a buffer no key stays in memory. 0 or the negative errno
 * value of the first error; with a buffer, errors may show later.
 */
int states_write(FILE *file, const struct states *states);

/* Do both have the same key and salt, whatever their SPIs? Then a number of one is a nonce of the other. */
bool states_same_key(const struct state *a, const struct state *b);

void states_free(struct states *states);

/* ---- one line (xfrm_line.c): words as ip's batch mode splits them ---- */

struct words {
	char **list;
	int count;
	int next; /* index of the word to look at */
};

/* Fill state from `xfrm state add ...`. Returns 0 or -EINVAL with the reason (STATES_ERROR_LEN bytes). */
int xfrm_parse_line(struct words *words, struct state *state, char *reason);

/* ---- selectors (selector.c) ---- */

/* Parse behind the word `sel`, up to the first word that is not part of a selector. */
int selector_parse(struct words *words, struct selector *selector, char *reason);

/* Does the selector take this inner IPv4 packet of len bytes? */
bool selector_match(const struct selector *selector, const uint8_t *packet, size_t len);

/* ---- small parts both use (words.c) ---- */
const char *words_peek(const struct words *words); /* NULL at the end */
const char *words_take(struct words *words);
/* The value behind an option: NULL with a reason when the line ends there. */
const char *words_value(struct words *words, const char *option, char *reason);
int parse_number(const char *word, uint64_t max, uint64_t *value);
/* ADDR[/PLEN], any, all or default; IPv4 only. */
int parse_prefix(const char *word, uint32_t *addr, uint32_t *mask, char *reason);
int parse_fail(char *reason, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
