// SPDX-License-Identifier: Apache-2.0
// What goes in comes out: each word once, unchanged, in order, and soon. One word, any one (`watch` is free), is followed through.
// The output keeps AXI's rule: valid does not fall and data does not change while it waits.
`default_nettype none

module p_stream #(
    parameter int unsigned WIDTH   = 2,
    parameter int unsigned HOLDS   = 8,  // words inside at most
    parameter int unsigned LATENCY = 1   // 0: no promise; up to 31: a word that has been inside for so many cycles without one leaving shows at the output
) (
    input logic             clk,
    input logic             rst,
    input logic             watch,
    input logic             s_valid,
    input logic             s_ready,
    input logic [WIDTH-1:0] s_data,
    input logic             m_valid,
    input logic             m_ready,
    input logic [WIDTH-1:0] m_data
);
  localparam int unsigned N_W = $clog2(HOLDS + 1);

  logic             push, pop, marked_q, inside_q, stall_q;
  logic [N_W-1:0]   count_q, ahead_q;
  logic [WIDTH-1:0] word_q, held_q;
  logic [4:0]       idle_q;  // cycles with a word inside and nothing at the output
  assign push = s_valid && s_ready;
  assign pop  = m_valid && m_ready;

  always_ff @(posedge clk) begin
    if (rst) begin
      marked_q <= 1'b0;
      inside_q <= 1'b0;
      count_q  <= '0;
      idle_q   <= '0;
      stall_q  <= 1'b0;
    end else begin
      count_q <= count_q + N_W'(push) - N_W'(pop);
      if (push && watch && !marked_q) begin
        marked_q <= 1'b1;
        inside_q <= 1'b1;
        word_q   <= s_data;
        ahead_q  <= count_q - N_W'(pop);
      end else if (inside_q && pop) begin
        if (ahead_q == '0) inside_q <= 1'b0;
        else ahead_q <= ahead_q - N_W'(1);
      end
      idle_q  <= (count_q != '0 && !m_valid) ? idle_q + 5'd1 : 5'd0;
      stall_q <= m_valid && !m_ready;
      held_q  <= m_data;
    end
  end

  always_ff @(posedge clk) begin
    if (!rst) begin
      a_none_invented : assert (!pop || count_q != '0);
      a_unchanged : assert (!(inside_q && pop && ahead_q == '0) || m_data == word_q);
      a_holds : assert (count_q <= N_W'(HOLDS));
      a_none_lost : assert (LATENCY == 0 || 32'(idle_q) < LATENCY);
      a_stable : assert (!stall_q || (m_valid && m_data == held_q));
      // Helps the proof: the watched word is one of those inside.
      a_inside : assert (!inside_q || ahead_q < count_q);
    end
  end
endmodule

`default_nettype wire
