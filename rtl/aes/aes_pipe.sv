// SPDX-License-Identifier: Apache-2.0
// AES encryption (FIPS 197) of the counter blocks of LANES lanes a cycle, any SA and key size from beat to beat, without a stall: 15 stages,
// each with its own round key memory. Latency: 17 cycles from sa_ahead, 15 cycles from counter to out. Keys of 128 and 192 bits use all
// stages but 3 to 6 and 3 to 4, which they go around; so stages 0 to 2 are the first, and stage 14 the last round of every key size.
//
//   stage      0     1   2   3   4   5   6   7  ...  13    14
//   AES-256   ARK    r   r   r   r   r   r   r        r   last
//   AES-192   ARK    r   r   -   -   r   r   r        r   last
//   AES-128   ARK    r   r   -   -   -   -   r        r   last
//
// Key memories have two cycles of latency, so the SA index comes two cycles before the blocks. They are written through key_wr, registered
// here once; slot n belongs to stage n.
`default_nettype none

module aes_pipe import espalier_regs_pkg::*, espalier_pkg::*, aes_pkg::*; #(
    parameter  int unsigned LANES      = 4,     // blocks a beat
    parameter  int unsigned SA_ENTRIES = 4096,  // keys held
    localparam int unsigned ADDR_W     = $clog2(SA_ENTRIES)
) (
    input  logic                    clk,
    input  logic                    rst,
    input  key_wr_t                 key_wr,
    input  logic                    ahead,      // two cycles before valid: blocks of sa_ahead follow
    input  logic [ADDR_W-1:0]       sa_ahead,
    input  logic [1:0]              key_size_ahead,
    input  logic [95:0]             nonce,      // byte string; two cycles after ahead
    input  logic [LANES-1:0][15:0]  counter,    // numbers: the last two bytes of the blocks, those before them are 0
    output logic [LANES-1:0][127:0] out
);

  localparam int unsigned FIRST = 3;  // stage behind aes_start

  // Element n of these belongs to the beat whose key memory address is at stage n; its state is there two cycles later, at element n + 2.
  logic [STAGES+1:0]             valid, valid_q;
  logic [STAGES-1:0][ADDR_W-1:0] sa, sa_q;
  logic [7:0]                    short_key, short_key_q;        // skips stages 3 and 4
  logic [7:0]                    shortest_key, shortest_key_q;  // skips stages 5 and 6 too

  assign valid        = {valid_q[STAGES:0], ahead};
  assign sa           = {sa_q[STAGES-2:0], sa_ahead};
  assign short_key    = {short_key_q[6:0], key_size_ahead != KEY_SIZE_AES256};
  assign shortest_key = {shortest_key_q[6:0], key_size_ahead == KEY_SIZE_AES128};

  always_ff @(posedge clk) begin
    valid_q        <= rst ? '0 : valid;
    sa_q           <= sa;
    short_key_q    <= short_key;
    shortest_key_q <= shortest_key;
  end

  key_wr_t key_wr_q;
  always_ff @(posedge clk) begin
    key_wr_q <= key_wr;
    if (rst) key_wr_q.valid <= 1'b0;
  end

  // ---- round keys; 0 where a beat goes around its second stage -----------------------------------------------------------------
  logic [STAGES-1:0][127:0] keys;
  for (genvar n = 0; n < STAGES; n++) begin : g_key
    logic [127:0] read, key_q;
    ram_sdp #(
        .WIDTH(128),
        .DEPTH(SA_ENTRIES),
        .READ_LATENCY(1),
        .OLD_WORD(1'b0),
        .STYLE(SA_ENTRIES >= 4096 ? "ultra" : SA_ENTRIES >= 512 ? "block" : "distributed")
    ) i_keys (
        .clk,
        .wr_en  (key_wr_q.valid && (key_wr_q.all || key_wr_q.slot == 5'(n))),
        .wr_addr(key_wr_q.sa[ADDR_W-1:0]),
        .wr_strb(1'b1),
        .wr_data(key_wr_q.data),
        .rd_en  (valid[n]),
        .rd_addr(sa[n]),
        .rd_data(read)
    );
    logic around;
    assign around = (n == 4) ? short_key[n+1] : (n == 6) ? shortest_key[n+1] : 1'b0;
    always_ff @(posedge clk) begin
      if (valid[n+1]) key_q <= around ? '0 : read;
    end
    assign keys[n] = key_q;
  end

  // ---- rounds ------------------------------------------------------------------------------------------------------------------
  logic [LANES-1:0][127:0] started;
  aes_start #(
      .LANES(LANES)
  ) i_start (
      .clk,
      .valid(valid[FIRST+1:2]),
      .key(keys[FIRST-1:0]),
      .nonce,
      .counter,
      .out(started)
  );

  for (genvar n = FIRST; n < STAGES; n++) begin : g_stage
    localparam bit SKIP = n == 3 || n == 5;
    localparam bit JOIN = n == 4 || n == 6;
    logic [LANES-1:0][127:0] state, next, around;
    logic                    skip;
    if (n == FIRST) begin : g_in
      assign state = started;
    end else begin : g_chain
      assign state = g_stage[n-1].next;
    end

    // Around stages 3 and 4, and 5 and 6, a beat of a shorter key waits in kept_q for the cycle that the first of the two takes.
    assign skip = (n == 3) ? short_key[n+2] : (n == 5) ? shortest_key[n+2] : 1'b0;
    if (JOIN) begin : g_join
      logic [LANES-1:0][127:0] kept_q;
      always_ff @(posedge clk) begin
        if (valid[n+1]) kept_q <= g_stage[n-1].skip ? g_stage[n-1].state : '0;
      end
      assign around = kept_q;
    end else begin : g_through
      assign around = '0;
    end

    for (genvar l = 0; l < LANES; l++) begin : g_lane
      aes_round #(
          .LAST(n == STAGES - 1),
          .SKIP(SKIP),
          .JOIN(JOIN)
      ) i_round (
          .clk,
          .valid (valid[n+2]),
          .skip,
          .around(around[l]),
          .state (state[l]),
          .key   (keys[n]),
          .out   (next[l])
      );
    end
  end
  assign out = g_stage[STAGES-1].next;

endmodule

`default_nettype wire
