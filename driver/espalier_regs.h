/* SPDX-License-Identifier: Apache-2.0 */
/* Generated from rtl/csr/espalier.rdl by `make regs`. Do not edit. */
#ifndef ESPALIER_REGS_H
#define ESPALIER_REGS_H

enum esp_status {
	ESP_STATUS_OK = 0, /* The packet was processed. */
	ESP_STATUS_BAD_OPCODE = 1, /* Descriptor: unknown opcode, or a reserved field is not zero. */
	ESP_STATUS_BAD_ADDRESS = 2, /* Descriptor: source or destination address is null or wraps past 2^64. */
	ESP_STATUS_BAD_ALIGNMENT = 3, /* Descriptor: destination address is not 64-byte aligned. */
	ESP_STATUS_BAD_LENGTH = 4, /* Descriptor: source length is zero or above the limit (LIMITS.max_packet). */
	ESP_STATUS_BUFFER_TOO_SMALL = 5, /* Descriptor: the destination cannot hold the result (encapsulation: the exact length; decapsulation: the source length). */
	ESP_STATUS_NO_SA = 6, /* Encapsulation: no SA at this index. Decapsulation: no SA for this SPI and destination. */
	ESP_STATUS_DMA_UNSUPPORTED = 7, /* A read of host memory ended in Unsupported Request. */
	ESP_STATUS_DMA_ABORTED = 8, /* A read of host memory ended in Completer Abort. */
	ESP_STATUS_DMA_POISONED = 9, /* A read of host memory returned poisoned data. */
	ESP_STATUS_DMA_TIMEOUT = 10, /* A read of host memory was not completed in time. */
	ESP_STATUS_DMA_MALFORMED = 11, /* A read of host memory returned completions that do not fit the request. */
	ESP_STATUS_SEQ_EXHAUSTED = 12, /* Encapsulation: the SA's sequence numbers are used up; it sends no more (RFC 4303, 3.3.3). */
	ESP_STATUS_INNER_MALFORMED = 13, /* The inner packet is not a well-formed IPv4 packet of this length. */
	ESP_STATUS_OUTER_MALFORMED = 14, /* Decapsulation: the outer packet is not a well-formed IPv4 packet without options (version, IHL, length, checksum). */
	ESP_STATUS_NOT_ESP = 15, /* Decapsulation: the outer protocol is not 50. */
	ESP_STATUS_FRAGMENT = 16, /* Decapsulation: the outer packet is a fragment (RFC 4303, 3.4.1). */
	ESP_STATUS_ESP_TRUNCATED = 17, /* Decapsulation: the ESP payload is too short or not a multiple of 4 bytes. */
	ESP_STATUS_REPLAY_OLD = 18, /* Decapsulation: the sequence number is left of the anti-replay window, or zero. */
	ESP_STATUS_REPLAY_DUPLICATE = 19, /* Decapsulation: the sequence number was seen before. */
	ESP_STATUS_ICV_MISMATCH = 20, /* Decapsulation: the integrity check failed. */
	ESP_STATUS_BAD_PADDING = 21, /* Decapsulation: the padding is not 1, 2, 3, ... or longer than the payload (RFC 4303, 2.4). */
	ESP_STATUS_BAD_NEXT_HEADER = 22, /* Decapsulation: the next header is not IPv4 (4). */
	ESP_STATUS_DUMMY = 23, /* Decapsulation: a dummy packet, next header 59 (RFC 4303, 2.6). */
	ESP_STATUS_ECN_INVALID = 24, /* Decapsulation: congestion was marked on a packet that is not ECN-capable (RFC 6040, 4.2). */
	ESP_STATUS_SA_FAULT = 25, /* What the card has stored of this SA fails its parity: the SA is stopped. Delete it, and install another with a new key. */
	ESP_STATUS_ENGINE_FAULT = 26, /* What the engine has of this packet belongs to different packets: nothing of it leaves, nor of any packet behind it. Reset the card. */
	ESP_STATUS_DMA_STOPPED = 27, /* Bus mastering was turned off, or the function reset, before host memory was read; also the error of a queue that was enabled then. */
	ESP_STATUS_SA_EXPIRED = 28, /* A hard limit of the SA's packets or bytes would be passed: the SA has ended. No card gives this code or one behind it yet, the software reference does. */
	ESP_STATUS_PACKET_TOO_BIG = 29, /* Encapsulation: the ESP packet would be larger than the SA's path MTU. The completion's length is the MTU to advertise. */
	ESP_STATUS_NON_ESP = 30, /* Decapsulation: UDP with the non-ESP marker, which IKE has (RFC 3948, 2.2). */
	ESP_STATUS_NAT_KEEPALIVE = 31, /* Decapsulation: a NAT-keepalive (RFC 3948, 2.3). */
	ESP_STATUS_UNSUPPORTED = 32, /* Headers that are not parsed: more than 128 bytes of them, or a routing header that is not at its end. The packet is for the host. */
	ESP_STATUS_OUTER_ADDRESS = 33, /* Decapsulation: the outer source address is not the SA's, and the SA checks it. */
	ESP_STATUS_TTL_EXPIRED = 34, /* Encapsulation: the inner TTL or hop limit is 0 or 1, and the SA takes one off. */
};
#define ESP_STATUS_NAMES \
	{ [0] = "ok", [1] = "bad_opcode", [2] = "bad_address", [3] = "bad_alignment", [4] = "bad_length", [5] = "buffer_too_small", [6] = "no_sa", [7] = "dma_unsupported", [8] = "dma_aborted", [9] = "dma_poisoned", [10] = "dma_timeout", [11] = "dma_malformed", [12] = "seq_exhausted", [13] = "inner_malformed", [14] = "outer_malformed", [15] = "not_esp", [16] = "fragment", [17] = "esp_truncated", [18] = "replay_old", [19] = "replay_duplicate", [20] = "icv_mismatch", [21] = "bad_padding", [22] = "bad_next_header", [23] = "dummy", [24] = "ecn_invalid", [25] = "sa_fault", [26] = "engine_fault", [27] = "dma_stopped", [28] = "sa_expired", [29] = "packet_too_big", [30] = "non_esp", [31] = "nat_keepalive", [32] = "unsupported", [33] = "outer_address", [34] = "ttl_expired" }

enum esp_opcode {
	ESP_OPCODE_ENCAP = 1, /* Encapsulate the inner packet with the SA that the descriptor names. */
	ESP_OPCODE_DECAP = 2, /* Decapsulate an ESP packet; the card finds the SA by SPI and destination. */
};
#define ESP_OPCODE_NAMES \
	{ [1] = "encap", [2] = "decap" }

enum esp_sa_op {
	ESP_SA_OP_ADD = 1, /* Install the staged SA at the staged direction and index. */
	ESP_SA_OP_DELETE = 2, /* Remove the SA at the staged direction and index, zero its keys, and fetch its last sequence state. */
	ESP_SA_OP_QUERY = 3, /* Fetch the sequence state of the SA at the staged direction and index. */
};
#define ESP_SA_OP_NAMES \
	{ [1] = "add", [2] = "delete", [3] = "query" }

enum esp_sa_result {
	ESP_SA_RESULT_OK = 0, /* Done. */
	ESP_SA_RESULT_EXISTS = 1, /* ADD: the index is in use, or SPI and destination are installed already. */
	ESP_SA_RESULT_NOT_FOUND = 2, /* DELETE, QUERY: no SA at this index. */
	ESP_SA_RESULT_NO_SPACE = 3, /* ADD: no free place in the lookup table for this SPI and destination. */
	ESP_SA_RESULT_INVALID = 4, /* Unknown operation, or a key size, index, window, SPI or other field out of range. */
	ESP_SA_RESULT_FAULT = 5, /* QUERY, DELETE: the stored sequence number fails its parity, so it is not known. DELETE has removed the SA. */
};
#define ESP_SA_RESULT_NAMES \
	{ [0] = "ok", [1] = "exists", [2] = "not_found", [3] = "no_space", [4] = "invalid", [5] = "fault" }

enum esp_key_size {
	ESP_KEY_SIZE_AES128 = 0, /* 128-bit key, 10 rounds. */
	ESP_KEY_SIZE_AES192 = 1, /* 192-bit key, 12 rounds. */
	ESP_KEY_SIZE_AES256 = 2, /* 256-bit key, 14 rounds. */
};
#define ESP_KEY_SIZE_NAMES \
	{ [0] = "aes128", [1] = "aes192", [2] = "aes256" }

#define ESP_REG_ID 0x0u /* Identity */
#define ESP_REG_ID_RESET 0x4c505345u /* reset value */
#define ESP_REG_VERSION 0x4u /* Version */
#define ESP_REG_VERSION_RESET 0x1u /* reset value */
#define ESP_REG_CAPS 0x8u /* Engine */
#define ESP_REG_CAPS_LANES_LSB 0x0u
#define ESP_REG_CAPS_LANES_WIDTH 0x8u /* AES lanes of 128 bits an engine has: 1, 2 or 4. */
#define ESP_REG_CAPS_QUEUES_LSB 0x8u
#define ESP_REG_CAPS_QUEUES_WIDTH 0x8u /* Queues the card has. */
#define ESP_REG_CAPS_ALGORITHMS_LSB 0x10u
#define ESP_REG_CAPS_ALGORITHMS_WIDTH 0x10u /* Bit 0: AES-GCM-16 with 128, 192 and 256-bit keys, ESN, IPv4 tunnel mode. */
#define ESP_REG_SA_CAPACITY 0xcu /* SA capacity */
#define ESP_REG_LIMITS 0x10u /* Limits */
#define ESP_REG_LIMITS_MAX_PACKET_LSB 0x0u
#define ESP_REG_LIMITS_MAX_PACKET_WIDTH 0x10u /* Largest source length of a descriptor that encapsulates, bytes; of one that decapsulates: the ESP packet that such a one makes. */
#define ESP_REG_LIMITS_MAX_WINDOW_LSB 0x10u
#define ESP_REG_LIMITS_MAX_WINDOW_WIDTH 0x10u /* Largest anti-replay window, packets. */
#define ESP_REG_STATUS 0x14u /* Card status */
#define ESP_REG_STATUS_READY_LSB 0x0u
#define ESP_REG_STATUS_READY_WIDTH 0x1u /* SA memories are zeroed and the card takes work. */
#define ESP_REG_STATUS_BUS_MASTER_LSB 0x1u
#define ESP_REG_STATUS_BUS_MASTER_WIDTH 0x1u /* Bus mastering is on. */
#define ESP_REG_SCRATCH 0x18u /* Scratch */
#define ESP_REG_DMA_TIMEOUT 0x1cu /* Read timeout */
#define ESP_REG_CYCLES_LO 0x20u /* Cycle counter, low */
#define ESP_REG_CYCLES_HI 0x24u /* Cycle counter, high */
#define ESP_REG_CLOCK 0x28u /* Clock */
#define ESP_REG_CLOCK_RESET 0x3d090u /* reset value */
#define ESP_REG_REG_ERRORS 0x2cu /* Register access errors */
#define ESP_REG_UNEXPECTED_COMPLETIONS 0x30u /* Unexpected completions */
#define ESP_REG_STATUS_COUNT_LO 0x400u /* Packets with this status, low */
#define ESP_REG_STATUS_COUNT_COUNT_MAX 0x20u /* elements in the map */
#define ESP_REG_STATUS_COUNT_STRIDE 0x8u /* bytes from one element to the next */
#define ESP_REG_STATUS_COUNT_HI 0x404u /* Packets with this status, high */
#define ESP_REG_SA_KEY 0x1000u /* Staged key */
#define ESP_REG_SA_KEY_COUNT_MAX 0x8u /* elements in the map */
#define ESP_REG_SA_KEY_STRIDE 0x4u /* bytes from one element to the next */
#define ESP_REG_SA_SALT 0x1020u /* Staged salt */
#define ESP_REG_SA_SPI 0x1024u /* Staged SPI */
#define ESP_REG_SA_SRC 0x1028u /* Staged tunnel source */
#define ESP_REG_SA_DST 0x102cu /* Staged tunnel destination */
#define ESP_REG_SA_OPTIONS 0x1030u /* Staged options */
#define ESP_REG_SA_OPTIONS_DIRECTION_LSB 0x0u
#define ESP_REG_SA_OPTIONS_DIRECTION_WIDTH 0x1u /* 0 outbound (encapsulation), 1 inbound (decapsulation). */
#define ESP_REG_SA_OPTIONS_ESN_LSB 0x1u
#define ESP_REG_SA_OPTIONS_ESN_WIDTH 0x1u /* Extended sequence numbers (RFC 4303, 2.2.1). */
#define ESP_REG_SA_OPTIONS_KEY_SIZE_LSB 0x2u
#define ESP_REG_SA_OPTIONS_KEY_SIZE_WIDTH 0x2u /* Key size. */
#define ESP_REG_SA_OPTIONS_TTL_LSB 0x8u
#define ESP_REG_SA_OPTIONS_TTL_WIDTH 0x8u /* Outbound: TTL of the outer header, 1 to 255. */
#define ESP_REG_SA_OPTIONS_WINDOW_LSB 0x10u
#define ESP_REG_SA_OPTIONS_WINDOW_WIDTH 0x10u /* Inbound: anti-replay window in packets, 0 (no check) to LIMITS.max_window. */
#define ESP_REG_SA_SEQ_LO 0x1034u /* Staged sequence, low */
#define ESP_REG_SA_SEQ_HI 0x1038u /* Staged sequence, high */
#define ESP_REG_SA_INDEX 0x103cu /* Staged index */
#define ESP_REG_SA_INDEX_VALUE_LSB 0x0u
#define ESP_REG_SA_INDEX_VALUE_WIDTH 0x10u /* 0 to SA_CAPACITY - 1. */
#define ESP_REG_SA_COMMAND 0x1040u /* SA command */
#define ESP_REG_SA_COMMAND_OP_LSB 0x0u
#define ESP_REG_SA_COMMAND_OP_WIDTH 0x8u /* Starts the operation; ignored and counted in REG_ERRORS while busy. */
#define ESP_REG_SA_STATE 0x1044u /* SA command state */
#define ESP_REG_SA_STATE_RESULT_LSB 0x0u
#define ESP_REG_SA_STATE_RESULT_WIDTH 0x8u /* Result of the last command. */
#define ESP_REG_SA_STATE_BUSY_LSB 0x1fu
#define ESP_REG_SA_STATE_BUSY_WIDTH 0x1u /* A command is running. Writes to the staging registers are then ignored, too, and counted in REG_ERRORS. */
#define ESP_REG_SA_RESULT_SEQ_LO 0x1048u /* Queried sequence, low */
#define ESP_REG_SA_RESULT_SEQ_HI 0x104cu /* Queried sequence, high */
#define ESP_REG_SA_OUT_COUNT 0x1050u /* Outbound SAs */
#define ESP_REG_SA_IN_COUNT 0x1054u /* Inbound SAs */
#define ESP_REG_QUEUE_SQ_BASE_LO 0x2000u /* Submission ring base, low */
#define ESP_REG_QUEUE_COUNT_MAX 0x4u /* elements in the map */
#define ESP_REG_QUEUE_STRIDE 0x40u /* bytes from one element to the next */
#define ESP_REG_QUEUE_SQ_BASE_HI 0x2004u /* Submission ring base, high */
#define ESP_REG_QUEUE_CQ_BASE_LO 0x2008u /* Completion ring base, low */
#define ESP_REG_QUEUE_CQ_BASE_HI 0x200cu /* Completion ring base, high */
#define ESP_REG_QUEUE_SIZES 0x2010u /* Ring sizes */
#define ESP_REG_QUEUE_SIZES_SQ_LOG2_LSB 0x0u
#define ESP_REG_QUEUE_SIZES_SQ_LOG2_WIDTH 0x4u /* log2 of the submission ring's entries (32 B each), 4 to 15. */
#define ESP_REG_QUEUE_SIZES_CQ_LOG2_LSB 0x8u
#define ESP_REG_QUEUE_SIZES_CQ_LOG2_WIDTH 0x4u /* log2 of the completion ring's entries (16 B each), 4 to 15. */
#define ESP_REG_QUEUE_CONTROL 0x2014u /* Queue control */
#define ESP_REG_QUEUE_CONTROL_ENABLE_LSB 0x0u
#define ESP_REG_QUEUE_CONTROL_ENABLE_WIDTH 0x1u /* 1 starts the queue with empty rings and phase 1; 0 stops it: no more descriptors are fetched, those fetched are completed. */
#define ESP_REG_QUEUE_CONTROL_ACTIVE_LSB 0x8u
#define ESP_REG_QUEUE_CONTROL_ACTIVE_WIDTH 0x1u /* Enabled, or still completing what was fetched. */
#define ESP_REG_QUEUE_CONTROL_ERROR_LSB 0x9u
#define ESP_REG_QUEUE_CONTROL_ERROR_WIDTH 0x1u /* Enable was refused (base or size out of range), or a descriptor fetch failed; fetching stopped. Cleared by enable. */
#define ESP_REG_QUEUE_CONTROL_ERROR_STATUS_LSB 0x10u
#define ESP_REG_QUEUE_CONTROL_ERROR_STATUS_WIDTH 0x8u /* With error: status of the failed descriptor fetch, DMA_STOPPED when bus mastering went off or is off, or BAD_ADDRESS, BAD_ALIGNMENT or BAD_LENGTH of a refused enable. */
#define ESP_REG_QUEUE_SQ_TAIL 0x2018u /* Submission doorbell */
#define ESP_REG_QUEUE_SQ_TAIL_TAIL_LSB 0x0u
#define ESP_REG_QUEUE_SQ_TAIL_TAIL_WIDTH 0x10u /* Free-running 16-bit count of descriptors the host has written. */
#define ESP_REG_QUEUE_SQ_HEAD 0x201cu /* Submission progress */
#define ESP_REG_QUEUE_SQ_HEAD_HEAD_LSB 0x0u
#define ESP_REG_QUEUE_SQ_HEAD_HEAD_WIDTH 0x10u /* Free-running 16-bit count of descriptors the card has fetched. */
#define ESP_REG_QUEUE_CQ_HEAD 0x2020u /* Completion doorbell */
#define ESP_REG_QUEUE_CQ_HEAD_HEAD_LSB 0x0u
#define ESP_REG_QUEUE_CQ_HEAD_HEAD_WIDTH 0x10u /* Free-running 16-bit count of completions the host has consumed. */
#define ESP_REG_QUEUE_CQ_HEAD_ARM_LSB 0x1fu
#define ESP_REG_QUEUE_CQ_HEAD_ARM_WIDTH 0x1u /* Written as 1: raise the queue's MSI-X vector once, as soon as a completion beyond head is there, or a descriptor fetch has failed. */
#define ESP_REG_QUEUE_CQ_TAIL 0x2024u /* Completion progress */
#define ESP_REG_QUEUE_CQ_TAIL_TAIL_LSB 0x0u
#define ESP_REG_QUEUE_CQ_TAIL_TAIL_WIDTH 0x10u /* Free-running 16-bit count of completions the card has written. */
#define ESP_REG_QUEUE_VECTOR 0x2028u /* Queue vector */
#define ESP_REG_QUEUE_VECTOR_VECTOR_LSB 0x0u
#define ESP_REG_QUEUE_VECTOR_VECTOR_WIDTH 0x8u /* MSI-X vector of this queue, of the table's; another is refused and counted in REG_ERRORS. */
#define ESP_REG_QUEUE_MODERATION 0x202cu /* Interrupt moderation */
#define ESP_REG_QUEUE_MODERATION_COUNT_LSB 0x0u
#define ESP_REG_QUEUE_MODERATION_COUNT_WIDTH 0x8u /* An armed queue waits for this many completions beyond head before it raises the vector; 0 and 1: for the first. */
#define ESP_REG_QUEUE_MODERATION_TIME_LSB 0x10u
#define ESP_REG_QUEUE_MODERATION_TIME_WIDTH 0x10u /* But not longer than this after the first, in units of 64 cycles; 0: not at all. */
#define ESP_REG_MSIX_ADDR_LO 0x8000u /* Message address, low */
#define ESP_REG_MSIX_COUNT_MAX 0x4u /* elements in the map */
#define ESP_REG_MSIX_STRIDE 0x10u /* bytes from one element to the next */
#define ESP_REG_MSIX_ADDR_HI 0x8004u /* Message address, high */
#define ESP_REG_MSIX_DATA 0x8008u /* Message data */
#define ESP_REG_MSIX_VECTOR_CONTROL 0x800cu /* Vector control */
#define ESP_REG_MSIX_VECTOR_CONTROL_MASK_LSB 0x0u
#define ESP_REG_MSIX_VECTOR_CONTROL_MASK_WIDTH 0x1u /* Vector is masked. */
#define ESP_REG_MSIX_VECTOR_CONTROL_MASK_RESET 0x1u /* reset value */
#define ESP_REG_MSIX_PBA 0xc000u /* MSI-X pending bits */
#define ESP_REG_MSIX_PBA_HI 0xc004u /* MSI-X pending bits, high */

#endif
