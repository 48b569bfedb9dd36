/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The software reference: a backend of libespalier that does in plain C and OpenSSL what the card does in hardware, for comparison
 * and for tests. Call espalier_software_register() once, then espalier_open("software", ...).
 * It is written from the RFCs and the register map, apart from the card's logic. It has all of espalier_sa.h; of what the card has, statuses and results are
 * byte-identical.
 */
#ifndef ESPALIER_SOFTWARE_H
#define ESPALIER_SOFTWARE_H

/* 0, or -ENOSPC when no more backends fit. */
int espalier_software_register(void);

#endif
