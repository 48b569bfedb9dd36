// SPDX-License-Identifier: Apache-2.0
// proof delay_line-2: pdr DELAY=2
// proof delay_line-5: pdr DELAY=5
// A word leaves exactly DELAY cycles after it came; in every other cycle none leaves.
`default_nettype none

module p_delay_line #(
    parameter int unsigned DELAY = 2
) (
    input logic       clk,
    input logic       rst,
    input logic       s_valid,
    input logic [1:0] s_data
);
  logic       m_valid;
  logic [1:0] m_data;
  p_reset u_reset (.*);
  delay_line #(.WIDTH(2), .DELAY(DELAY)) u_line (.*);

  logic [2:0] word_q[0:DELAY-1];
  always_ff @(posedge clk) begin
    word_q[0] <= {s_valid && !rst, s_data};
    for (int unsigned i = 1; i < DELAY; i++) word_q[i] <= rst ? '0 : word_q[i-1];
    if (!rst) begin
      a_time : assert (m_valid == word_q[DELAY-1][2]);
      a_word : assert (!m_valid || m_data == word_q[DELAY-1][1:0]);
    end
  end
endmodule

`default_nettype wire
