/* SPDX-License-Identifier: Apache-2.0 */
/* The tests of test_encap_fault.c: what a bit that turns in the engine may do. */
#ifndef ESPALIER_TESTS_ENCAP_TESTS_H
#define ESPALIER_TESTS_ENCAP_TESTS_H

void test_mixed_records(void **state);
void test_mixed_beats(void **state);
void test_mixed_within_a_packet(void **state);
void test_mixed_tags(void **state);

#endif
