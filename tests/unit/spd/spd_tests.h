/* SPDX-License-Identifier: Apache-2.0 */
/* The tests of spd_faults.c, for the table of test_spd.c. */
#ifndef SPD_TESTS_H
#define SPD_TESTS_H

void vector_turned(void **state);
void act_turned(void **state);
void staged_turned(void **state);
void bank_turned(void **state);

#endif
