/* SPDX-License-Identifier: Apache-2.0 */
/* AES-GCM of intel-ipsec-mb alone, without anything that ESP adds: how much of the ipsec-mb backend's time is the cipher's. */
#ifndef ESPALIER_BENCH_MB_CIPHER_H
#define ESPALIER_BENCH_MB_CIPHER_H

#include "station.h"

/* Seal or open, once, the packets that the workload gives the cipher (with trailer, AAD of 8 bytes), keys changing. Returns TSC cycles. */
uint64_t mb_cipher_run(const struct workload *w, unsigned int packets, uint8_t key_len, unsigned int keys, bool seals);

#endif
