// SPDX-License-Identifier: Apache-2.0
// The first cycle is a reset; later ones may come at any time. Before it every register and memory holds anything.
`default_nettype none

module p_reset (
    input logic clk,
    input logic rst
);
  logic begun_q = 1'b0;
  always_ff @(posedge clk) begun_q <= 1'b1;
  always_comb m_reset : assume (rst || begun_q);
endmodule

`default_nettype wire
