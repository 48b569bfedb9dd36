// SPDX-License-Identifier: Apache-2.0
// Generated from rtl/csr/espalier.rdl by `make regs`. Do not edit.
`default_nettype none

package espalier_regs_pkg;

  typedef enum logic [7:0] {
    STATUS_OK = 8'd0,
    STATUS_BAD_OPCODE = 8'd1,
    STATUS_BAD_ADDRESS = 8'd2,
    STATUS_BAD_ALIGNMENT = 8'd3,
    STATUS_BAD_LENGTH = 8'd4,
    STATUS_BUFFER_TOO_SMALL = 8'd5,
    STATUS_NO_SA = 8'd6,
    STATUS_DMA_UNSUPPORTED = 8'd7,
    STATUS_DMA_ABORTED = 8'd8,
    STATUS_DMA_POISONED = 8'd9,
    STATUS_DMA_TIMEOUT = 8'd10,
    STATUS_DMA_MALFORMED = 8'd11,
    STATUS_SEQ_EXHAUSTED = 8'd12,
    STATUS_INNER_MALFORMED = 8'd13,
    STATUS_OUTER_MALFORMED = 8'd14,
    STATUS_NOT_ESP = 8'd15,
    STATUS_FRAGMENT = 8'd16,
    STATUS_ESP_TRUNCATED = 8'd17,
    STATUS_REPLAY_OLD = 8'd18,
    STATUS_REPLAY_DUPLICATE = 8'd19,
    STATUS_ICV_MISMATCH = 8'd20,
    STATUS_BAD_PADDING = 8'd21,
    STATUS_BAD_NEXT_HEADER = 8'd22,
    STATUS_DUMMY = 8'd23,
    STATUS_ECN_INVALID = 8'd24,
    STATUS_SA_FAULT = 8'd25,
    STATUS_ENGINE_FAULT = 8'd26,
    STATUS_DMA_STOPPED = 8'd27,
    STATUS_SA_EXPIRED = 8'd28,
    STATUS_PACKET_TOO_BIG = 8'd29,
    STATUS_NON_ESP = 8'd30,
    STATUS_NAT_KEEPALIVE = 8'd31,
    STATUS_UNSUPPORTED = 8'd32,
    STATUS_OUTER_ADDRESS = 8'd33,
    STATUS_TTL_EXPIRED = 8'd34
  } status_e;

  typedef enum logic [7:0] {
    OPCODE_ENCAP = 8'd1,
    OPCODE_DECAP = 8'd2
  } opcode_e;

  typedef enum logic [7:0] {
    SA_OP_ADD = 8'd1,
    SA_OP_DELETE = 8'd2,
    SA_OP_QUERY = 8'd3
  } sa_op_e;

  typedef enum logic [7:0] {
    SA_RESULT_OK = 8'd0,
    SA_RESULT_EXISTS = 8'd1,
    SA_RESULT_NOT_FOUND = 8'd2,
    SA_RESULT_NO_SPACE = 8'd3,
    SA_RESULT_INVALID = 8'd4,
    SA_RESULT_FAULT = 8'd5
  } sa_result_e;

  typedef enum logic [1:0] {
    KEY_SIZE_AES128 = 2'd0,
    KEY_SIZE_AES192 = 2'd1,
    KEY_SIZE_AES256 = 2'd2
  } key_size_e;

  localparam logic [15:0] REG_ID = 16'h0;  // Identity
  localparam logic [31:0] REG_ID_RESET = 32'h4c505345;  // reset value
  localparam logic [15:0] REG_VERSION = 16'h4;  // Version
  localparam logic [31:0] REG_VERSION_RESET = 32'h1;  // reset value
  localparam logic [15:0] REG_CAPS = 16'h8;  // Engine
  localparam logic [4:0] REG_CAPS_LANES_LSB = 5'h0;
  localparam logic [5:0] REG_CAPS_LANES_WIDTH = 6'h8;  // AES lanes of 128 bits an engine has: 1, 2 or 4.
  localparam logic [4:0] REG_CAPS_QUEUES_LSB = 5'h8;
  localparam logic [5:0] REG_CAPS_QUEUES_WIDTH = 6'h8;  // Queues the card has.
  localparam logic [4:0] REG_CAPS_ALGORITHMS_LSB = 5'h10;
  localparam logic [5:0] REG_CAPS_ALGORITHMS_WIDTH = 6'h10;  // Bit 0: AES-GCM-16 with 128, 192 and 256-bit keys, ESN, IPv4 tunnel mode.
  localparam logic [15:0] REG_SA_CAPACITY = 16'hc;  // SA capacity
  localparam logic [15:0] REG_LIMITS = 16'h10;  // Limits
  localparam logic [4:0] REG_LIMITS_MAX_PACKET_LSB = 5'h0;
  localparam logic [5:0] REG_LIMITS_MAX_PACKET_WIDTH = 6'h10;  // Largest source length of a descriptor that encapsulates, bytes; of one that decapsulates: the ESP packet that such a one makes.
  localparam logic [4:0] REG_LIMITS_MAX_WINDOW_LSB = 5'h10;
  localparam logic [5:0] REG_LIMITS_MAX_WINDOW_WIDTH = 6'h10;  // Largest anti-replay window, packets.
  localparam logic [15:0] REG_STATUS = 16'h14;  // Card status
  localparam logic [4:0] REG_STATUS_READY_LSB = 5'h0;
  localparam logic [5:0] REG_STATUS_READY_WIDTH = 6'h1;  // SA memories are zeroed and the card takes work.
  localparam logic [4:0] REG_STATUS_BUS_MASTER_LSB = 5'h1;
  localparam logic [5:0] REG_STATUS_BUS_MASTER_WIDTH = 6'h1;  // Bus mastering is on.
  localparam logic [15:0] REG_SCRATCH = 16'h18;  // Scratch
  localparam logic [15:0] REG_DMA_TIMEOUT = 16'h1c;  // Read timeout
  localparam logic [15:0] REG_CYCLES_LO = 16'h20;  // Cycle counter, low
  localparam logic [15:0] REG_CYCLES_HI = 16'h24;  // Cycle counter, high
  localparam logic [15:0] REG_CLOCK = 16'h28;  // Clock
  localparam logic [31:0] REG_CLOCK_RESET = 32'h3d090;  // reset value
  localparam logic [15:0] REG_REG_ERRORS = 16'h2c;  // Register access errors
  localparam logic [15:0] REG_UNEXPECTED_COMPLETIONS = 16'h30;  // Unexpected completions
  localparam logic [15:0] REG_STATUS_COUNT_LO = 16'h400;  // Packets with this status, low
  localparam logic [15:0] REG_STATUS_COUNT_COUNT_MAX = 16'h20;  // elements in the map
  localparam logic [15:0] REG_STATUS_COUNT_STRIDE = 16'h8;  // bytes from one element to the next
  localparam logic [15:0] REG_STATUS_COUNT_HI = 16'h404;  // Packets with this status, high
  localparam logic [15:0] REG_SA_KEY = 16'h1000;  // Staged key
  localparam logic [15:0] REG_SA_KEY_COUNT_MAX = 16'h8;  // elements in the map
  localparam logic [15:0] REG_SA_KEY_STRIDE = 16'h4;  // bytes from one element to the next
  localparam logic [15:0] REG_SA_SALT = 16'h1020;  // Staged salt
  localparam logic [15:0] REG_SA_SPI = 16'h1024;  // Staged SPI
  localparam logic [15:0] REG_SA_SRC = 16'h1028;  // Staged tunnel source
  localparam logic [15:0] REG_SA_DST = 16'h102c;  // Staged tunnel destination
  localparam logic [15:0] REG_SA_OPTIONS = 16'h1030;  // Staged options
  localparam logic [4:0] REG_SA_OPTIONS_DIRECTION_LSB = 5'h0;
  localparam logic [5:0] REG_SA_OPTIONS_DIRECTION_WIDTH = 6'h1;  // 0 outbound (encapsulation), 1 inbound (decapsulation).
  localparam logic [4:0] REG_SA_OPTIONS_ESN_LSB = 5'h1;
  localparam logic [5:0] REG_SA_OPTIONS_ESN_WIDTH = 6'h1;  // Extended sequence numbers (RFC 4303, 2.2.1).
  localparam logic [4:0] REG_SA_OPTIONS_KEY_SIZE_LSB = 5'h2;
  localparam logic [5:0] REG_SA_OPTIONS_KEY_SIZE_WIDTH = 6'h2;  // Key size.
  localparam logic [4:0] REG_SA_OPTIONS_TTL_LSB = 5'h8;
  localparam logic [5:0] REG_SA_OPTIONS_TTL_WIDTH = 6'h8;  // Outbound: TTL of the outer header, 1 to 255.
  localparam logic [4:0] REG_SA_OPTIONS_WINDOW_LSB = 5'h10;
  localparam logic [5:0] REG_SA_OPTIONS_WINDOW_WIDTH = 6'h10;  // Inbound: anti-replay window in packets, 0 (no check) to LIMITS.max_window.
  localparam logic [15:0] REG_SA_SEQ_LO = 16'h1034;  // Staged sequence, low
  localparam logic [15:0] REG_SA_SEQ_HI = 16'h1038;  // Staged sequence, high
  localparam logic [15:0] REG_SA_INDEX = 16'h103c;  // Staged index
  localparam logic [4:0] REG_SA_INDEX_VALUE_LSB = 5'h0;
  localparam logic [5:0] REG_SA_INDEX_VALUE_WIDTH = 6'h10;  // 0 to SA_CAPACITY - 1.
  localparam logic [15:0] REG_SA_COMMAND = 16'h1040;  // SA command
  localparam logic [4:0] REG_SA_COMMAND_OP_LSB = 5'h0;
  localparam logic [5:0] REG_SA_COMMAND_OP_WIDTH = 6'h8;  // Starts the operation; ignored and counted in REG_ERRORS while busy.
  localparam logic [15:0] REG_SA_STATE = 16'h1044;  // SA command state
  localparam logic [4:0] REG_SA_STATE_RESULT_LSB = 5'h0;
  localparam logic [5:0] REG_SA_STATE_RESULT_WIDTH = 6'h8;  // Result of the last command.
  localparam logic [4:0] REG_SA_STATE_BUSY_LSB = 5'h1f;
  localparam logic [5:0] REG_SA_STATE_BUSY_WIDTH = 6'h1;  // A command is running. Writes to the staging registers are then ignored, too, and counted in REG_ERRORS.
  localparam logic [15:0] REG_SA_RESULT_SEQ_LO = 16'h1048;  // Queried sequence, low
  localparam logic [15:0] REG_SA_RESULT_SEQ_HI = 16'h104c;  // Queried sequence, high
  localparam logic [15:0] REG_SA_OUT_COUNT = 16'h1050;  // Outbound SAs
  localparam logic [15:0] REG_SA_IN_COUNT = 16'h1054;  // Inbound SAs
  localparam logic [15:0] REG_QUEUE_SQ_BASE_LO = 16'h2000;  // Submission ring base, low
  localparam logic [15:0] REG_QUEUE_COUNT_MAX = 16'h4;  // elements in the map
  localparam logic [15:0] REG_QUEUE_STRIDE = 16'h40;  // bytes from one element to the next
  localparam logic [15:0] REG_QUEUE_SQ_BASE_HI = 16'h2004;  // Submission ring base, high
  localparam logic [15:0] REG_QUEUE_CQ_BASE_LO = 16'h2008;  // Completion ring base, low
  localparam logic [15:0] REG_QUEUE_CQ_BASE_HI = 16'h200c;  // Completion ring base, high
  localparam logic [15:0] REG_QUEUE_SIZES = 16'h2010;  // Ring sizes
  localparam logic [4:0] REG_QUEUE_SIZES_SQ_LOG2_LSB = 5'h0;
  localparam logic [5:0] REG_QUEUE_SIZES_SQ_LOG2_WIDTH = 6'h4;  // log2 of the submission ring's entries (32 B each), 4 to 15.
  localparam logic [4:0] REG_QUEUE_SIZES_CQ_LOG2_LSB = 5'h8;
  localparam logic [5:0] REG_QUEUE_SIZES_CQ_LOG2_WIDTH = 6'h4;  // log2 of the completion ring's entries (16 B each), 4 to 15.
  localparam logic [15:0] REG_QUEUE_CONTROL = 16'h2014;  // Queue control
  localparam logic [4:0] REG_QUEUE_CONTROL_ENABLE_LSB = 5'h0;
  localparam logic [5:0] REG_QUEUE_CONTROL_ENABLE_WIDTH = 6'h1;  // 1 starts the queue with empty rings and phase 1; 0 stops it: no more descriptors are fetched, those fetched are completed.
  localparam logic [4:0] REG_QUEUE_CONTROL_ACTIVE_LSB = 5'h8;
  localparam logic [5:0] REG_QUEUE_CONTROL_ACTIVE_WIDTH = 6'h1;  // Enabled, or still completing what was fetched.
  localparam logic [4:0] REG_QUEUE_CONTROL_ERROR_LSB = 5'h9;
  localparam logic [5:0] REG_QUEUE_CONTROL_ERROR_WIDTH = 6'h1;  // Enable was refused (base or size out of range), or a descriptor fetch failed; fetching stopped. Cleared by enable.
  localparam logic [4:0] REG_QUEUE_CONTROL_ERROR_STATUS_LSB = 5'h10;
  localparam logic [5:0] REG_QUEUE_CONTROL_ERROR_STATUS_WIDTH = 6'h8;  // With error: status of the failed descriptor fetch, DMA_STOPPED when bus mastering went off or is off, or BAD_ADDRESS, BAD_ALIGNMENT or BAD_LENGTH of a refused enable.
  localparam logic [15:0] REG_QUEUE_SQ_TAIL = 16'h2018;  // Submission doorbell
  localparam logic [4:0] REG_QUEUE_SQ_TAIL_TAIL_LSB = 5'h0;
  localparam logic [5:0] REG_QUEUE_SQ_TAIL_TAIL_WIDTH = 6'h10;  // Free-running 16-bit count of descriptors the host has written.
  localparam logic [15:0] REG_QUEUE_SQ_HEAD = 16'h201c;  // Submission progress
  localparam logic [4:0] REG_QUEUE_SQ_HEAD_HEAD_LSB = 5'h0;
  localparam logic [5:0] REG_QUEUE_SQ_HEAD_HEAD_WIDTH = 6'h10;  // Free-running 16-bit count of descriptors the card has fetched.
  localparam logic [15:0] REG_QUEUE_CQ_HEAD = 16'h2020;  // Completion doorbell
  localparam logic [4:0] REG_QUEUE_CQ_HEAD_HEAD_LSB = 5'h0;
  localparam logic [5:0] REG_QUEUE_CQ_HEAD_HEAD_WIDTH = 6'h10;  // Free-running 16-bit count of completions the host has consumed.
  localparam logic [4:0] REG_QUEUE_CQ_HEAD_ARM_LSB = 5'h1f;
  localparam logic [5:0] REG_QUEUE_CQ_HEAD_ARM_WIDTH = 6'h1;  // Written as 1: raise the queue's MSI-X vector once, as soon as a completion beyond head is there, or a descriptor fetch has failed.
  localparam logic [15:0] REG_QUEUE_CQ_TAIL = 16'h2024;  // Completion progress
  localparam logic [4:0] REG_QUEUE_CQ_TAIL_TAIL_LSB = 5'h0;
  localparam logic [5:0] REG_QUEUE_CQ_TAIL_TAIL_WIDTH = 6'h10;  // Free-running 16-bit count of completions the card has written.
  localparam logic [15:0] REG_QUEUE_VECTOR = 16'h2028;  // Queue vector
  localparam logic [4:0] REG_QUEUE_VECTOR_VECTOR_LSB = 5'h0;
  localparam logic [5:0] REG_QUEUE_VECTOR_VECTOR_WIDTH = 6'h8;  // MSI-X vector of this queue, of the table's; another is refused and counted in REG_ERRORS.
  localparam logic [15:0] REG_QUEUE_MODERATION = 16'h202c;  // Interrupt moderation
  localparam logic [4:0] REG_QUEUE_MODERATION_COUNT_LSB = 5'h0;
  localparam logic [5:0] REG_QUEUE_MODERATION_COUNT_WIDTH = 6'h8;  // An armed queue waits for this many completions beyond head before it raises the vector; 0 and 1: for the first.
  localparam logic [4:0] REG_QUEUE_MODERATION_TIME_LSB = 5'h10;
  localparam logic [5:0] REG_QUEUE_MODERATION_TIME_WIDTH = 6'h10;  // But not longer than this after the first, in units of 64 cycles; 0: not at all.
  localparam logic [15:0] REG_MSIX_ADDR_LO = 16'h8000;  // Message address, low
  localparam logic [15:0] REG_MSIX_COUNT_MAX = 16'h4;  // elements in the map
  localparam logic [15:0] REG_MSIX_STRIDE = 16'h10;  // bytes from one element to the next
  localparam logic [15:0] REG_MSIX_ADDR_HI = 16'h8004;  // Message address, high
  localparam logic [15:0] REG_MSIX_DATA = 16'h8008;  // Message data
  localparam logic [15:0] REG_MSIX_VECTOR_CONTROL = 16'h800c;  // Vector control
  localparam logic [4:0] REG_MSIX_VECTOR_CONTROL_MASK_LSB = 5'h0;
  localparam logic [5:0] REG_MSIX_VECTOR_CONTROL_MASK_WIDTH = 6'h1;  // Vector is masked.
  localparam logic [0:0] REG_MSIX_VECTOR_CONTROL_MASK_RESET = 1'h1;  // reset value
  localparam logic [15:0] REG_MSIX_PBA = 16'hc000;  // MSI-X pending bits
  localparam logic [15:0] REG_MSIX_PBA_HI = 16'hc004;  // MSI-X pending bits, high

endpackage

`default_nettype wire
