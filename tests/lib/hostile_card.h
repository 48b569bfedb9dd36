/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A card in C behind the simulator's vfio-user server, in the place of sim/device.c, that can hang, lie and fall silent. Registers, rings and SA
 * commands are those of docs/registers.md; what does ESP is the software reference. A reset, or a new client, makes it sound again.
 */
#ifndef HOSTILE_CARD_H
#define HOSTILE_CARD_H

#include <stdbool.h>

enum hostile_mood {
	HOSTILE_SOUND,
	HOSTILE_HANG,	     /* takes descriptors and completes nothing */
	HOSTILE_HANG_LONG,   /* the same, with a read timeout of four seconds, which a driver gives it twice */
	HOSTILE_HANG_SA,     /* SA commands do not end */
	HOSTILE_ALL_ONES,    /* registers read as of a card that fell off the bus */
	HOSTILE_NEVER_IDLE,  /* as HANG, and a queue that is stopped stays active */
	HOSTILE_LIE_COOKIE,  /* each lie is told of successful operations only */
	HOSTILE_LIE_LENGTH,
	HOSTILE_LIE_STATUS,
	HOSTILE_LIE_SA,	     /* another SA that could be */
	HOSTILE_LIE_SPI,     /* the packet has the SPI of another SA */
	HOSTILE_LIE_NUMBER,  /* a sequence number that was sent before, with the same IV */
	HOSTILE_LIE_TWICE,   /* each completion comes twice */
	HOSTILE_MOODS
};

/* For device_init: 0 or negative errno. */
int hostile_open(void);
void hostile_close(void);
void hostile_set(enum hostile_mood mood);
/* The name of a mood, as the program takes it: "sound", "hang", ... NULL behind the last. */
const char *hostile_name(enum hostile_mood mood);

#endif
