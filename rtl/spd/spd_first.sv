// SPDX-License-Identifier: Apache-2.0
// The number of the lowest bit that is 1. Latency 2 cycles, one word a cycle: within each LEAF bits, then among the leaves.
`default_nettype none

module spd_first #(
    parameter int unsigned WIDTH = 256,                          // bits of a word, a power of two
    parameter int unsigned LEAF  = (WIDTH > 16) ? 16 : WIDTH / 2  // bits of a leaf, a power of two
) (
    input  logic                     clk,
    input  logic [WIDTH-1:0]         word,
    output logic                     any,
    output logic [$clog2(WIDTH)-1:0] first   // with any
);

  localparam int unsigned LEAVES   = WIDTH / LEAF;
  localparam int unsigned LEAF_LOG = $clog2(LEAF);
  localparam int unsigned TOP_LOG  = $clog2(LEAVES);

  logic [LEAVES-1:0]               leaf_any_q;
  logic [LEAVES-1:0][LEAF_LOG-1:0] leaf_first_q;
  logic                            any_q;
  logic [TOP_LOG-1:0]              top, top_q;
  logic [LEAF_LOG-1:0]             low_q;

  for (genvar i = 0; i < LEAVES; i++) begin : g_leaf
    logic [LEAF-1:0]     bits;
    logic [LEAF_LOG-1:0] lowest;
    assign bits = word[i*LEAF+:LEAF];
    always_comb begin
      lowest = '0;
      for (int unsigned b = LEAF - 1; b > 0; b = b - 1) begin
        if (bits[b]) lowest = LEAF_LOG'(b);
      end
      if (bits[0]) lowest = '0;
    end
    always_ff @(posedge clk) begin
      leaf_any_q[i]   <= bits != '0;
      leaf_first_q[i] <= lowest;
    end
  end

  always_comb begin
    top = '0;
    for (int unsigned i = LEAVES - 1; i > 0; i = i - 1) begin
      if (leaf_any_q[i]) top = TOP_LOG'(i);
    end
    if (leaf_any_q[0]) top = '0;
  end

  always_ff @(posedge clk) begin
    any_q <= leaf_any_q != '0;
    top_q <= top;
    low_q <= leaf_first_q[top];
  end

  assign any   = any_q;
  assign first = {top_q, low_q};

endmodule

`default_nettype wire
