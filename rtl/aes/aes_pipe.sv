// SPDX-License-Identifier: Apache-2.0
// AES encryption (FIPS 197) of LANES blocks a cycle, any SA and key size from beat to beat, without a stall: 15 stages, each with its own
// round key memory. Latency: 17 cycles from sa_ahead, 15 cycles from blocks to out. Keys of 128 and 192 bits use all
// stages but 1 to 4 and 1 to 2, which they go around; so stage 14 is the last round of every key size.
//
//   stage      0     1   2   3   4   5  ...  13    14
//   AES-256   ARK    r   r   r   r   r        r   last
//   AES-192   ARK    -   -   r   r   r        r   last
//   AES-128   ARK    -   -   -   -   r        r   last
//
// Key memories are written through key_wr, registered here once; slot n belongs to stage n.
`default_nettype none

module aes_pipe #(
    parameter  int unsigned LANES      = 4,     // blocks a beat
    parameter  int unsigned SA_ENTRIES = 4096,  // keys held
    localparam int unsigned ADDR_W     = $clog2(SA_ENTRIES)
) (
    input  logic                    clk,
    input  logic                    rst,
    input  espalier_pkg::key_wr_t   key_wr,
    input  logic                    ahead,      // two cycles before valid: blocks of sa_ahead follow
    input  logic [ADDR_W-1:0]       sa_ahead,
    input  logic [1:0]              key_size_ahead,
    input  logic [128*LANES-1:0]    blocks,     // two cycles after ahead
    output logic [128*LANES-1:0]    out
);

  localparam int unsigned STAGES = aes_pkg::STAGES;

  // Element n of these belongs to the beat whose key memory address is at stage n; its state is there two cycles later, at element n + 2.
  logic [STAGES+1:0]        valid, valid_q;
  logic [STAGES*ADDR_W-1:0] sa, sa_q;
  logic [6:0]               short_key, short_key_q;      // skips stages 1 and 2
  logic [6:0]               shortest_key, shortest_key_q;  // skips stages 3 and 4 too

  assign valid        = {valid_q[STAGES:0], ahead};
  assign sa           = {sa_q[(STAGES-1)*ADDR_W-1:0], sa_ahead};
  assign short_key    = {short_key_q[5:0], key_size_ahead != espalier_regs_pkg::KEY_SIZE_AES256};
  assign shortest_key = {shortest_key_q[5:0], key_size_ahead == espalier_regs_pkg::KEY_SIZE_AES128};

  always_ff @(posedge clk) begin
    valid_q        <= rst ? '0 : valid;
    sa_q           <= sa;
    short_key_q    <= short_key;
    shortest_key_q <= shortest_key;
  end

  espalier_pkg::key_wr_t key_wr_q;
  always_ff @(posedge clk) begin
    key_wr_q <= key_wr;
    if (rst) key_wr_q.valid <= 1'b0;
  end

  for (genvar n = 0; n < STAGES; n++) begin : g_stage
    logic [128*LANES-1:0] state, next;
    if (n == 0) begin : g_in
      assign state = blocks;
    end else begin : g_chain
      assign state = g_stage[n-1].next;
    end

    // Around stages 1 and 2, and 3 and 4, a beat of a shorter key waits in kept_q for the cycle that the first of the two takes.
    logic bypass;
    logic [128*LANES-1:0] around;
    if (n == 2 || n == 4) begin : g_around
      logic [128*LANES-1:0] kept_q;
      always_ff @(posedge clk) begin
        if (valid[n+1]) kept_q <= g_stage[n-1].state;
      end
      assign around = kept_q;
      assign bypass = (n == 2) ? short_key[n+2] : shortest_key[n+2];
    end else begin : g_through
      assign around = '0;
      assign bypass = 1'b0;
    end

    aes_stage #(
        .LANES(LANES),
        .SA_ENTRIES(SA_ENTRIES),
        .STAGE(n)
    ) i_stage (
        .clk,
        .key_we  (key_wr_q.valid && (key_wr_q.all || key_wr_q.slot == 5'(n))),
        .key_sa  (key_wr_q.sa[ADDR_W-1:0]),
        .key_data(key_wr_q.data),
        .ahead   (valid[n]),
        .sa_ahead(sa[ADDR_W*n+:ADDR_W]),
        .valid   (valid[n+2]),
        .bypass,
        .around,
        .state,
        .out     (next)
    );
  end
  assign out = g_stage[STAGES-1].next;

  logic unused;
  assign unused = &{1'b0, key_wr_q.sa, valid_q, sa_q, short_key, shortest_key, short_key_q, shortest_key_q};

endmodule

`default_nettype wire
