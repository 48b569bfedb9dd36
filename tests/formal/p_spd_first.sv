// SPDX-License-Identifier: Apache-2.0
// proof spd_first: bmc 7
// Two cycles behind a word: whether a bit of it is 1, and the number of the lowest.
`default_nettype none

module p_spd_first (
    input logic         clk,
    input logic         rst,
    input logic [255:0] word
);
  logic       any;
  logic [7:0] first;
  p_reset u_reset (.*);
  spd_first u_dut (.*);

  logic [255:0] word1_q, word2_q, below;
  logic [1:0]   filled_q;
  assign below = (256'd1 << first) - 256'd1;
  always_ff @(posedge clk) begin
    word1_q  <= word;
    word2_q  <= word1_q;
    filled_q <= rst ? '0 : {filled_q[0], 1'b1};
    if (!rst && filled_q[1]) begin
      a_any : assert (any == (word2_q != '0));
      a_lowest : assert (!any || (word2_q[first] && (word2_q & below) == '0));
    end
  end
endmodule

`default_nettype wire
