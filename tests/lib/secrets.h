/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks for key material in everything that a Verilated model holds: registers, memories, inputs. What is looked for is all that comes of a
 * key and its salt: round keys, H and its powers as byte strings and as polynomials, at any bit offset.
 */
#ifndef ESPALIER_TESTS_SECRETS_H
#define ESPALIER_TESTS_SECRETS_H
#include <stddef.h>
#include <stdint.h>

/* key_len 16, 24 or 32 bytes. The places at which a part of it stands, 8 bytes of key material or the 4 of the salt; prints the first few. */
unsigned int secrets_found(const uint8_t *key, unsigned int key_len, const uint8_t salt[4]);

/* A cosmic ray: turns that bit of these 64 wherever the model holds them, at any bit offset, or in one of those places (from 0). How many it turned. */
#define EVERY_PLACE 0xffffffffu
unsigned int state_flip(uint64_t number, unsigned int turned, unsigned int place);

/* Of the shim: the model's state as bytes, as it is now. */
uint8_t *dut_state(size_t *len);

#endif
