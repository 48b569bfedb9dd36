/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A card in C behind sim/card.h, to test the simulator without RTL: a few registers, and a copy engine that uses every stream.
 * Registers: ID 0, SCRATCH 0x18, the MSI-X table, and the copy engine. GO reads LEN bytes at SRC, split by MRRS and 4 KiB, one tag each,
 * writes them to DST, split by MPS and 4 KiB, and then sends vector 0. With an error nothing is written and no interrupt sent.
 */
#ifndef FAKE_CARD_H
#define FAKE_CARD_H

#define FAKE_ID 0x4C505345u
#define FAKE_SCRATCH 0x18u
#define FAKE_SRC 0x3000u /* 64 bits */
#define FAKE_DST 0x3008u /* 64 bits */
#define FAKE_LEN 0x3010u /* 1 to FAKE_MAX bytes */
#define FAKE_GO 0x3014u
#define FAKE_STATE 0x3018u /* bit 0 busy, bits 15:8 error code and 18:16 status of the first bad completion */
#define FAKE_BREAK 0x301cu /* the next requests break a rule: enum fake_break */
#define FAKE_STRAY 0x3020u /* completions with the error code of an unknown tag, and those of no read */
#define FAKE_ENABLES 0x3024u /* completions whose byte enables do not cover just their bytes */
#define FAKE_MAX 8192u

enum fake_break {
	BREAK_NOTHING,
	BREAK_4K,	  /* a read across a 4 KiB boundary */
	BREAK_MRRS,
	BREAK_MPS,
	BREAK_TAG,	  /* all reads have tag 0 */
	BREAK_BE,	  /* last byte enables for one dword */
	BREAK_LANE,	  /* a TLP begins in byte 16 */
	BREAK_MARKS,	  /* the second end of a beat without the first */
	BREAK_EARLY,	  /* a TLP begins before the one before it ends */
	BREAK_VALID,	  /* tvalid falls while waiting, or in the packet */
	BREAK_SOP,
	BREAK_LENGTH,	  /* fewer beats than dwords */
	BREAK_CC_TAG,	  /* completions with a wrong tag */
	BREAK_CC_COUNT,	  /* completions with a wrong byte count */
	BREAK_CC_TWICE,	  /* each completion is sent twice */
	BREAK_MUTE,	  /* no completions */
	BREAK_SPACE,	  /* reads without regard to the buffer for their completions */
	BREAK_COUNT
};

#endif
