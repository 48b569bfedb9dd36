/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manual SAs: a file of lines in the form of iproute2's `ip -batch`, `xfrm state add ...`, so that the same file works with ip on Linux; and what
 * `ip xfrm state` and `ip xfrm policy` print.
 * What a card cannot honour is an error with file, line and reason; nothing is ignored in silence.
 * The structs hold keys: states_free() wipes them.
 */
#ifndef ESPALIER_STATES_H
#define ESPALIER_STATES_H

#include <stdio.h>

#include "espalier.h"

#define STATES_ERROR_LEN 768

struct prefix {
	struct ip_addr ip;  /* family 0: any address of both families */
	unsigned int plen;  /* bits */
};

/* Which inner packets a state is for: `sel src A/P dst B/P [proto P] [sport S] [dport D] [type T] [code C]`. */
struct selector {
	struct prefix src, dst;
	uint8_t proto; /* 0: any */
	bool has_sport, has_dport; /* ICMP: type and code */
	uint16_t sport, dport;
};

struct state {
	unsigned int line; /* in the file, from 1 */
	struct espalier_sa_config config; /* without direction and seq; what is for one direction only is for that */
	bool inbound, outbound; /* directions that it is for: both, or what dir says */
	uint32_t reqid;	/* for policies */
	uint64_t seq;  /* highest number received (replay-seq) */
	uint64_t oseq; /* last number sent (replay-oseq) */
	struct selector selector; /* all zero: every packet */
	char *words; /* the line as it was, without the replay-seq and replay-oseq options; for states_write */
	/* for the run that uses the list */
	uint16_t sa;	  /* index in the device */
	bool used;	  /* did anything */
	uint64_t reached; /* no number above it is in use: sent, or received */
};

/* `xfrm policy add ...`: what becomes of packets; see policies.h. */
struct policy {
	unsigned int line;
	struct selector selector;
	bool out; /* dir out, otherwise in or fwd */
	bool block; /* action block */
	uint32_t priority; /* the lowest first */
	/* tmpl: the state it wants; family, SPI or reqid 0: any */
	bool tmpl;
	struct ip_addr src, dst;
	uint32_t spi, reqid;
	enum espalier_mode mode;
	char *words; /* for states_write */
};

struct states {
	struct state *list;
	size_t count;
	struct policy *policies;
	size_t policy_count;
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

#define STATES_WORDS_MAX 99

struct words {
	char **list;
	int count;
	int next; /* index of the word to look at */
};

/* ---- one line (xfrm_line.c): words as ip's batch mode splits them ---- */

/* Does a line begin `xfrm state add` or `xfrm policy add`? Then these words are taken; otherwise -EINVAL with the reason (STATES_ERROR_LEN bytes). */
int xfrm_parse_kind(struct words *words, bool *policy, char *reason);

/* Fill state from what follows. 0 or -EINVAL with the reason. */
int xfrm_parse_line(struct words *words, struct state *state, char *reason);

/* The same for a policy (xfrm_policy.c). */
int xfrm_parse_policy(struct words *words, struct policy *policy, char *reason);

/* ---- parts of a line, behind the word that begins them: 0, or -EINVAL with the reason ---- */
int xfrm_parse_aead(struct words *words, struct espalier_sa_config *config, char *reason); /* xfrm_aead.c */
int xfrm_parse_flags(struct words *words, struct state *state, bool *any_family, char *reason); /* xfrm_options.c, and what follows */
int xfrm_parse_extra_flags(struct words *words, struct espalier_sa_config *config, char *reason);
int xfrm_parse_limit(struct words *words, struct espalier_limits *limits, char *reason);
int xfrm_parse_encap(struct words *words, struct espalier_sa_config *config, char *reason);
int xfrm_parse_offload(struct words *words, char *reason);
int xfrm_parse_dir(struct words *words, struct state *state, char *reason);
/* What ip has and a device outside of the kernel cannot honour: a sentence, or NULL. */
const char *xfrm_why_refused(const char *option);

/* ---- what `ip xfrm state` and `ip xfrm policy` print (xfrm_printed.c) ---- */

/* Does a line begin a printed state or policy: `src A dst B` from its first column on? */
bool xfrm_is_printed(const char *line, size_t len);

/* The lines of one printed state or policy as words of `xfrm state add` or `xfrm policy add`, at most STATES_WORDS_MAX. text is changed, and words stand in it. 0, or -EINVAL with the reason. */
int xfrm_from_printed(char *text, struct words *words, char *reason);

/* ---- selectors (selector.c) ---- */

/* Parse behind the word `sel`, up to the first word that is not part of a selector. */
int selector_parse(struct words *words, struct selector *selector, char *reason);

/* Does the selector take this inner packet of len bytes? */
bool selector_match(const struct selector *selector, const uint8_t *packet, size_t len);

/* ---- small parts all use (words.c) ---- */
const char *words_peek(const struct words *words); /* NULL at the end */
const char *words_take(struct words *words);
/* The value behind an option: NULL with a reason when the line ends there. */
const char *words_value(struct words *words, const char *option, char *reason);
int parse_number(const char *word, uint64_t max, uint64_t *value);
/* The same for the value behind option, with the reason. */
int parse_option_number(struct words *words, const char *option, uint64_t max, uint64_t *value, char *reason);
/* ADDR[/PLEN], any, all or default. */
int parse_prefix(const char *word, struct prefix *prefix, char *reason);
int parse_fail(char *reason, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
