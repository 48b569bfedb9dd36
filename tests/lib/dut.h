/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C side of a Verilated block under test; shim.hpp is the other side.
 * The environment variable ESPALIER_TRACE names an FST file for dut_open(getenv("ESPALIER_TRACE")): `make wave` sets it.
 */
#ifndef ESPALIER_TESTS_DUT_H
#define ESPALIER_TESTS_DUT_H
#include <stdint.h>

void dut_open(const char *fst_path);
void dut_settle(void);
void dut_edge(void);
void dut_close(void);

/* Declare a port; P8(NAME) and so on is then a pointer to it: *P8(rst) = 1; memcpy(PW(s_axis_tdata), bytes, 64); */
#define DUT_PORT(NAME) void *dut_##NAME(void)
#define P8(NAME) ((uint8_t *)dut_##NAME())
#define P16(NAME) ((uint16_t *)dut_##NAME())
#define P32(NAME) ((uint32_t *)dut_##NAME())
#define P64(NAME) ((uint64_t *)dut_##NAME())
#define PW(NAME) ((uint32_t *)dut_##NAME())

#endif
