// SPDX-License-Identifier: Apache-2.0
// What sa_manager and the two ESP engines say to each other: contexts, sequence state, and the inbound lookup table.
// Numbers are plain numbers (SPI 0x1000 is 32'h1000). Keys and salt are not here: they go over key_wr.
`default_nettype none

package sa_pkg;

  import espalier_pkg::*;

  // ---- contexts: what an engine needs of an SA besides its keys. valid = 0: no SA at this index ---------------------------
  typedef struct packed {
    logic        valid;
    logic [1:0]  key_size;   // espalier_regs_pkg::key_size_e
    logic        esn;
    logic [7:0]  ttl;
    logic [31:0] spi;
    logic [31:0] src;
    logic [31:0] dst;
    logic [15:0] csum;       // one's complement sum of the outer header words that are the same in every packet (see sa_manager)
  } out_ctx_t;

  typedef struct packed {
    logic        valid;
    logic [1:0]  key_size;
    logic        esn;
    logic [7:0]  window;     // packets, 0 (no replay check) to espalier_pkg::MAX_WINDOW
    logic [31:0] spi;
    logic [31:0] dst;
  } in_ctx_t;

  // One write, in the cycle in which valid is 1; always taken. A packet that looks the SA up in a later cycle sees it, one in the same cycle
  // does not. An SA is cleared by one write, and its state at that moment stays good for the packets that looked it up before.
  typedef struct packed {
    logic            valid;
    logic [SA_W-1:0] sa;
    out_ctx_t        ctx;
  } out_ctx_wr_t;

  typedef struct packed {
    logic            valid;
    logic [SA_W-1:0] sa;
    in_ctx_t         ctx;
  } in_ctx_wr_t;

  // ---- parity of what is stored: a bit for each 16 bits of a word of up to 192 ------------------------------------------------
  localparam int unsigned PARITY_W = 12;

  function automatic logic [PARITY_W-1:0] parity(input logic [191:0] word);
    for (int unsigned i = 0; i < PARITY_W; i = i + 1) parity[i] = ^word[16*i+:16];
  endfunction

  // ---- sequence state -----------------------------------------------------------------------------------------------------
  // The engine takes a request in the cycle in which valid and rsp.ready are 1; it uses cycles that packets leave free, so ready comes
  // within a few cycles, and at once while the engine is idle (a write a cycle). A read is answered later by one pulse of rsp.valid; a
  // write has no answer. Only one read at a time.
  // seq, outbound: the last number drawn. Inbound: the highest number received; a write also makes every number up to it count as seen
  // (0: nothing received yet). Written only while the context of that SA is not valid and no packet uses it. A read counts what packets have
  // decided before the answer, also if it is still on its way to the memory. bad: the stored word fails its parity.
  typedef struct packed {
    logic            valid;
    logic            write;
    logic [SA_W-1:0] sa;
    logic [63:0]     seq;
  } seq_req_t;

  typedef struct packed {
    logic        ready;
    logic        valid;
    logic        bad;
    logic [63:0] seq;
  } seq_rsp_t;

  // Anti-replay state of an inbound SA: the highest number received, and the last 128 numbers: bit n mod 128 says that n was received.
  typedef struct packed {
    logic [63:0]  top;
    logic [127:0] seen;
  } replay_state_t;

  typedef struct packed {   // as stored
    logic [PARITY_W-1:0] parity;
    replay_state_t       state;
  } replay_word_t;

  // ---- outbound packets that have their number and wait for the cipher: while valid, those of this SA are found and will not be sent.
  // 32 cycles find them all, wherever they wait; only while the context of that SA is not valid.
  typedef struct packed {
    logic            valid;
    logic [SA_W-1:0] sa;
  } drop_req_t;

  // ---- inbound lookup: (SPI, destination) to SA index ---------------------------------------------------------------------
  localparam logic [1:0] LOOKUP_WIPE   = 2'd0;  // empty the whole table; answers OK when done (comes once, after reset)
  localparam logic [1:0] LOOKUP_INSERT = 2'd1;  // OK, EXISTS (this SPI and destination is there) or NO_SPACE
  localparam logic [1:0] LOOKUP_DELETE = 2'd2;  // OK, or NOT_FOUND

  // One request at a time: valid stays 1, the fields stable, until the cycle of rsp.valid; after it valid is 0 for at least one cycle.
  // Any number of cycles; packets go on meanwhile.
  typedef struct packed {
    logic            valid;
    logic [1:0]      op;
    logic [31:0]     spi;
    logic [31:0]     dst;
    logic [SA_W-1:0] sa;
  } lookup_req_t;

  typedef struct packed {
    logic       valid;      // one cycle
    logic [7:0] result;     // espalier_regs_pkg::sa_result_e
  } lookup_rsp_t;

endpackage

// ---- the control ports of an engine -----------------------------------------------------------------------------------------
//   input  logic                 enable          0 until the wipe after reset is done: take no packet (s_axis_tready = 0)
//   input  espalier_pkg::key_wr_t key_wr         to gcm_engine
//   input  sa_pkg::out_ctx_wr_t  ctx_wr          (decapsulation: in_ctx_wr_t)
//   input  sa_pkg::seq_req_t     seq_req
//   output sa_pkg::seq_rsp_t     seq_rsp
//   input  sa_pkg::drop_req_t    drop            (encapsulation only)
//   input  logic                 epoch           a packet is counted under the value that epoch has when it can not be held up any more:
//                                                 decapsulation with its first beat, encapsulation at the cipher
//   output logic [1:0]           inflight_zero   [e]: no packet counted under epoch e still uses its context, keys or sequence state;
//                                                 at most 4 cycles behind the truth in the direction of 0 to 1, never early after a flip + 4.
//                                                 It becomes 1 within the cycles of a packet or two, whatever the output does
//   input  sa_pkg::lookup_req_t  lookup_req      (decapsulation only)
//   output sa_pkg::lookup_rsp_t  lookup_rsp
`default_nettype wire
