/* SPDX-License-Identifier: Apache-2.0 */
/* What gcm_engine_dpi.sv calls. Blocks and keys are byte strings, byte 0 in the low bits of the first word, as in the RTL. */
#ifndef SIM_DPI_GCM_DPI_H
#define SIM_DPI_GCM_DPI_H

#include <stdbool.h>
#include <svdpi.h>

/* Engines made from now on use plain C, whatever the processor can do. For tests. */
extern bool gcm_dpi_portable;

void *gcm_dpi_new(int lanes, int sa_entries, int max_aad_blocks, svBit decrypt);
void gcm_dpi_free(void *engine);
void gcm_dpi_key(void *engine, int sa, int slot, svBit all, const svBitVecVal *data);
void gcm_dpi_beat(void *engine, svBit first, const svBitVecVal *data, int sa, int key_size, const svBitVecVal *nonce,
		  const svBitVecVal *aad, int aad_len, int len, svBitVecVal *result, svBitVecVal *tag, svBit *ends);

#endif
