/* SPDX-License-Identifier: Apache-2.0 */
/* The tests of decapsulation, one group a file. */
#ifndef ESPALIER_TESTS_DECAP_TESTS_H
#define ESPALIER_TESTS_DECAP_TESTS_H

int decap_test_start(void **state);
int decap_test_stop(void **state);

/* test_decap_reject.c: every reason for which a packet is dropped */
void test_tamper(void **state);
void test_truncate(void **state);
void test_replay(void **state);
void test_replay_every_distance(void **state);
void test_padding(void **state);
void test_inner(void **state);
void test_ecn(void **state);
void test_outer(void **state);

/* test_decap_control.c: SAs that go */
void test_delete_while_blocked(void **state);
void test_damaged_number(void **state);
void test_damaged_copy(void **state);
void test_damaged_context(void **state);
void test_mixed_infos(void **state);
void test_mixed_icvs(void **state);
void test_mixed_beats(void **state);
void test_no_key_left(void **state);

#endif
