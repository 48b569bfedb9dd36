/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stash of a small table: SAs chosen so that all of them want the same few rows in every way, more than there are places. Included by test_lookup.c, whose
 * table, commands and lookups it uses. The hash is written again here, from what rtl/sa/sa_lookup_hash.sv says it is.
 */
#define WAYS 4
#define STASH 4
#define ROWS 4		 /* that the SAs want, of each way */
#define PLACES (WAYS * ROWS + STASH)

static uint8_t sbox[256];

/* FIPS 197, 5.1.1: the inverse in GF(2^8) by a generator and its inverse, then the affine map. */
static void make_sbox(void)
{
	uint8_t p = 1, q = 1;

	do {
		p = (uint8_t)(p ^ p << 1 ^ (p & 0x80 ? 0x1b : 0)); /* times 3 */
		q = (uint8_t)(q ^ q << 1);			    /* by 3 */
		q = (uint8_t)(q ^ q << 2);
		q = (uint8_t)(q ^ q << 4);
		q = (uint8_t)(q ^ (q & 0x80 ? 0x09 : 0));
		sbox[p] = (uint8_t)(0x63 ^ q ^ (q << 1 | q >> 7) ^ (q << 2 | q >> 6) ^ (q << 3 | q >> 5) ^ (q << 4 | q >> 4));
	} while (p != 1);
	sbox[0] = 0x63;
}

static uint64_t mixed(uint32_t spi, uint32_t dst)
{
	static const int turns[] = { 11, 23, 38, 53 };
	uint64_t key = (uint64_t)spi << 32 | dst, spread = key, bytes = 0;

	for (unsigned int i = 0; i < 4; i++)
		spread ^= key << turns[i] | key >> (64 - turns[i]);
	for (int i = 0; i < 64; i += 8)
		bytes |= (uint64_t)sbox[spread >> i & 0xff] << i;
	return bytes;
}

/* The remainder of the 64 bits and 32 zeros by the way's polynomial, its lowest bits. */
static unsigned int row(int way, uint64_t bits)
{
	static const uint32_t polynomials[WAYS] = { 0x04c11db7, 0x1edc6f41, 0x741b8cd7, 0x814141ab };
	uint32_t rest = 0;

	for (int k = 63; k >= 0; k--) {
		uint32_t top = rest >> 31 ^ (uint32_t)(bits >> k & 1);

		rest = rest << 1 ^ (top ? polynomials[way] : 0);
	}
	return rest % SAS;
}

/* An SA whose row is below ROWS in each way. */
static void choose(struct entry *e)
{
	int way;

	do {
		uint64_t bits;

		*e = (struct entry){ rnd(), rnd(), false };
		bits = mixed(e->spi, e->dst);
		for (way = 0; way < WAYS && row(way, bits) < ROWS; way++)
			;
	} while (way < WAYS);
}

static unsigned int present(void)
{
	unsigned int n = 0;

	for (int i = 0; i < SAS; i++)
		n += table[i].present;
	return n;
}

/* Once the rows and the stash are full nothing more finds a place; what has one is found; a place that is given up is taken by the next. */
static void stash(void **state)
{
	uint8_t result;

	(void)state;
	make_sbox();
	for (int i = 0; i < SAS; i++)
		choose(&table[i]);
	for (int i = 0; i < SAS; i++) {
		result = insert(i);
		assert_true(result == ESP_SA_RESULT_OK || (result == ESP_SA_RESULT_NO_SPACE && i >= STASH));
	}
	assert_int_equal(present(), PLACES);
	for (int round = 0; round < 500; round++) {
		int gone = (int)(rnd() % SAS), next = (int)(rnd() % SAS);

		if (!table[gone].present)
			continue;
		result = insert(gone);
		assert_int_equal(result, ESP_SA_RESULT_EXISTS);
		table[gone].present = true;
		assert_int_equal(delete(gone), ESP_SA_RESULT_OK);
		assert_int_equal(delete(gone), ESP_SA_RESULT_NOT_FOUND);
		if (insert(next) == ESP_SA_RESULT_EXISTS)
			table[next].present = true;
		if (!table[gone].present && present() < PLACES)
			insert(gone); /* the place that it left, at the latest */
		assert_int_equal(present(), PLACES);
		for (pick = 0; pick < SAS; pick++)
			tick();
		pick = -1;
		for (int i = 0; i < 50; i++)
			tick();
	}
	/* A wipe empties the stash, too. */
	for (int i = 0; i < SAS; i++)
		table[i].present = false;
	wipe();
	for (pick = 0; pick < SAS; pick++)
		tick();
	pick = -1;
	for (int i = 0; i < SAS; i++)
		assert_int_equal(delete(i), ESP_SA_RESULT_NOT_FOUND);
}
