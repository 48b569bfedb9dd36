/* SPDX-License-Identifier: Apache-2.0 */
/* What the two files of the bench of rtl/pcie's parts share: test_pcie_cells.c has main, test_pcie_streams.c the streams. */
#ifndef ESPALIER_TESTS_PCIE_CELLS_H
#define ESPALIER_TESTS_PCIE_CELLS_H
#include "bits.h"
#include "dut.h"
#include "seed.h"

DUT_PORT(rst);

void cells_reset(void);
void test_unpack(void **state);
void test_requests(void **state);

#endif
