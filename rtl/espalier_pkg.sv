// SPDX-License-Identifier: Apache-2.0
// The types that cross block boundaries. A block includes nothing of its neighbour but what is here.
// Byte order everywhere: byte 0 of a packet is in tdata[7:0] of its first beat (AXI4-Stream). Multi-byte values inside structs are
// plain numbers (an IPv4 address 192.0.2.1 is 32'hC0000201), except where a comment says "byte string".
`default_nettype none

package espalier_pkg;

  localparam int unsigned JOB_W = 8;  // jobs (descriptors) inside the card at once: 2**JOB_W
  localparam int unsigned SA_W  = 16;  // bits of an SA index in descriptors and sidebands
  localparam int unsigned LEN_W = 16;  // bits of a packet length in bytes

  localparam int unsigned MAX_PACKET = 9600;  // largest packet that is encapsulated, bytes
  localparam int unsigned MAX_ESP    = 9656;  // the ESP packet that it becomes: headers, IV, padding to 4 bytes, ICV; largest that is decapsulated
  localparam int unsigned MAX_WINDOW = 128;  // largest anti-replay window, packets

  localparam int unsigned IPV4_HDR = 20;  // bytes, without options
  localparam int unsigned ESP_HDR  = 8;   // SPI and sequence number (RFC 4303, 2)
  localparam int unsigned ESP_IV   = 8;   // RFC 4106, 3.1
  localparam int unsigned ESP_ICV  = 16;  // RFC 4106, 6

  // ---- packet streams -------------------------------------------------------------------------------------------
  // Into an ESP engine, beside the beats of one packet; stable from its first beat to its last.
  // status other than OK: the job failed before the engine; it comes as one beat with tlast, and leaves as one.
  typedef struct packed {
    logic [JOB_W-1:0] job;
    logic [LEN_W-1:0] len;     // bytes of the packet; ceil(len / beat bytes) beats follow
    logic [SA_W-1:0]  sa;      // encapsulation: the SA; decapsulation: ignored
    logic [7:0]       status;  // espalier_regs_pkg::status_e
  } esp_in_t;

  // Out of an ESP engine; stable from the first beat of a packet to its last. Every packet in gives exactly one packet out, in order.
  // status other than OK: one beat with tlast, len = 0 and tdata = 0.
  typedef struct packed {
    logic [JOB_W-1:0] job;
    logic [LEN_W-1:0] len;
    logic [SA_W-1:0]  sa;      // the SA that served the packet; all ones when none did
    logic [7:0]       status;
  } esp_out_t;

  // ---- keys -----------------------------------------------------------------------------------------------------
  // Broadcast to the key memories of one engine. Slot 0 to 14: round key of that pipeline stage; slot 16 to 19: H^1 to H^4; slot 20: the
  // salt, in [31:0]. all: write every slot of this SA at once (to wipe).
  // flush: while no packet needs the cycle, the memories are read at this SA and what they gave passes through every stage: a wiped SA's
  // zeros take the place of what was left in the registers. Where packets take every cycle, their keys do. 32 cycles of it are enough.
  typedef struct packed {
    logic            valid;
    logic            all;
    logic            flush;
    logic [4:0]      slot;
    logic [SA_W-1:0] sa;
    logic [127:0]    data;     // byte string: byte 0 in [7:0]
  } key_wr_t;

  // ---- one SA command, as staged by the register block ------------------------------------------------------------
  typedef struct packed {
    logic [7:0]      op;        // espalier_regs_pkg::sa_op_e
    logic            inbound;
    logic [SA_W-1:0] index;
    logic [255:0]    key;       // byte string: byte 0 in [7:0]
    logic [1:0]      key_size;  // espalier_regs_pkg::key_size_e
    logic [31:0]     salt;      // byte string: byte 0 in [7:0]
    logic            esn;
    logic [31:0]     spi;
    logic [31:0]     src;
    logic [31:0]     dst;
    logic [7:0]      ttl;
    logic [15:0]     window;
    logic [63:0]     seq;
  } sa_cmd_t;

  typedef struct packed {
    logic [7:0]  result;        // espalier_regs_pkg::sa_result_e
    logic [63:0] seq;           // QUERY, DELETE: outbound the last number drawn, inbound the highest received
  } sa_rsp_t;

  // ---- register bus: one access at a time, answered by exactly one response ----------------------------------------
  typedef struct packed {
    logic        valid;         // one cycle
    logic        write;
    logic [15:0] addr;          // byte offset in BAR 0, multiple of 4
    logic [31:0] data;
    logic [3:0]  strb;
  } reg_req_t;

  typedef struct packed {
    logic        valid;         // one cycle, any time after the request
    logic        error;         // unmapped, or not allowed
    logic [31:0] data;          // 0 on error
  } reg_rsp_t;

  // ---- host memory access (rtl/dma to rtl/pcie) --------------------------------------------------------------------
  localparam int unsigned RD_CTX_W = 16;

  // A read of up to 64 KiB - 1, any alignment. rtl/pcie splits it by MRRS and 4 KiB, owns the tags, and answers with rd_rsp_t beats.
  typedef struct packed {
    logic [63:0]         addr;
    logic [15:0]         len;    // bytes, not 0
    logic [RD_CTX_W-1:0] ctx;    // returned with every response beat
  } rd_req_t;

  // Beats of one read come in any order of offset, and interleave with those of other reads. done comes exactly once a read, last,
  // on a beat with or without data; status is valid with done.
  typedef struct packed {
    logic [RD_CTX_W-1:0] ctx;
    logic [15:0]         offset; // of the beat's first valid byte within the read
    logic [6:0]          count;  // valid bytes, 0 to 64
    logic [5:0]          start;  // lane of the first valid byte; start + count <= 64
    logic                done;
    logic [7:0]          status; // espalier_regs_pkg::status_e: OK or DMA_*
    logic [511:0]        data;
  } rd_rsp_t;

  // A posted write; its beats follow on the write stream without a gap, ceil(len / 64) of them, first byte in lane 0. addr is 64-byte aligned, or the
  // write is one beat within one aligned 128-byte block and addr is 4-byte aligned. Writes reach the link in the order in which they come.
  typedef struct packed {
    logic [63:0] addr;
    logic [15:0] len;            // bytes, not 0; stable from the write's first beat to its last
  } wr_req_t;

endpackage

`default_nettype wire
