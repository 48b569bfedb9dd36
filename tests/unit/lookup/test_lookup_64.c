// SPDX-License-Identifier: Apache-2.0
/* The tests of the lookup table, for one of 64 SAs. */
#define SAS 64
#include "test_lookup.c"
