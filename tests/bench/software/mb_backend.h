/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ESP with intel-ipsec-mb as a backend of libespalier, for the bench alone: espalier_open("ipsec-mb", ...). It does the job of the card and
 * of the software reference, in the form that was fastest here: the direct AES-GCM calls, a burst framed before it is sealed. Unlike those
 * two it decrypts straight into the caller's memory and wipes it when the ICV is wrong.
 */
#ifndef ESPALIER_BENCH_MB_BACKEND_H
#define ESPALIER_BENCH_MB_BACKEND_H

/* 0, or -ENOSPC when no more backends fit. */
int mb_backend_register(void);

#endif
