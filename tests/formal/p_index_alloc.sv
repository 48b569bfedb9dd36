// SPDX-License-Identifier: Apache-2.0
// proof index_alloc: pdr
// Whoever takes only what is offered and gives back only what is out: no number is out twice (assertions of the cell), and none is lost, that is
// one is on offer whenever not all are out.
`default_nettype none

module p_index_alloc (
    input logic       clk,
    input logic       rst,
    input logic       want,
    input logic       free_valid,
    input logic [1:0] free_index
);
  logic       valid, take;
  logic [1:0] index;
  assign take = want && valid;

  p_reset u_reset (.*);
  index_alloc #(.N(4)) u_alloc (.*);

  logic [3:0] out_q;
  logic       live_q;
  always_comb m_out : assume (!free_valid || rst || out_q[free_index]);
  always_ff @(posedge clk) begin
    live_q <= !rst;
    if (rst) out_q <= '0;
    else begin
      if (take) out_q[index] <= 1'b1;
      if (free_valid) out_q[free_index] <= 1'b0;
      a_once : assert (!take || !out_q[index]);
      a_none_lost : assert (valid || !live_q || out_q == '1);
    end
  end
endmodule

`default_nettype wire
