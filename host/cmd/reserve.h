/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --save-states: sequence numbers on disk ahead of their use, so that none comes twice under a key however a run ends (kill, full disk,
 * power loss). The file says a number above all that are in use; it is written anew before one is used that it does not cover, and an orderly end
 * writes the exact ones. What a run that did not end in order had reserved is skipped: a gap, which receivers take (RFC 4303, 3.4.3).
 * Inbound, numbers go ahead likewise before a packet is released: after a crash up to RESERVE_INBOUND numbers count as seen that were
 * not, but nothing that was released can be replayed.
 */
#ifndef ESPALIER_RESERVE_H
#define ESPALIER_RESERVE_H

#include "states.h"

#define RESERVE_OUTBOUND 65536u /* numbers written ahead */
#define RESERVE_INBOUND 4096u

struct reserve;

/*
 * Take the file at path for this run: nobody else may (-EBUSY) until reserve_close(). Made if it is not there. Only a regular file with
 * one name will do, as it is replaced. 0, or a negative errno value with a sentence (STATES_ERROR_LEN bytes).
 */
int reserve_open(const char *path, struct reserve **reserve, char *error);

/*
 * The numbers in the file, when it is another one than the states were read from: those of a state with the same key count, if they are
 * higher. -EINVAL: it is no file of states, or holds a state that states lacks, which would be lost.
 */
int reserve_merge(struct reserve *reserve, struct states *states, char *error);

/*
 * Write the file: of each outbound state RESERVE_OUTBOUND above what it has reached; of each inbound one that was used and has a window
 * RESERVE_INBOUND above. seq and oseq of the states are then what the file says.
 */
int reserve_ahead(struct reserve *reserve, struct states *states, bool inbound, char *error);

/* The orderly end: write seq or oseq = reached. Without a reserve_ahead() before it nothing was used, and nothing is written. */
int reserve_exact(struct reserve *reserve, struct states *states, bool inbound, char *error);

/* reserve may be NULL. */
void reserve_close(struct reserve *reserve);

#endif
