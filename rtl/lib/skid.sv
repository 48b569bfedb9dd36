// SPDX-License-Identifier: Apache-2.0
// Register slice: cuts valid, ready and data of a stream into registers. Latency 1 cycle, one word a cycle; holds up to two words.
`default_nettype none

module skid #(
    parameter int unsigned WIDTH = 32  // bits of a word
) (
    input  logic             clk,
    input  logic             rst,
    input  logic             s_valid,
    output logic             s_ready,
    input  logic [WIDTH-1:0] s_data,
    output logic             m_valid,
    input  logic             m_ready,
    output logic [WIDTH-1:0] m_data
);

  logic             out_valid_q, spare_valid_q;
  logic [WIDTH-1:0] out_q, spare_q;

  assign s_ready = !spare_valid_q;
  assign m_valid = out_valid_q;
  assign m_data  = out_q;

  always_ff @(posedge clk) begin
    if (rst) begin
      out_valid_q   <= 1'b0;
      spare_valid_q <= 1'b0;
    end else if (m_ready || !out_valid_q) begin
      out_valid_q   <= spare_valid_q || s_valid;
      spare_valid_q <= 1'b0;
    end else if (s_valid && s_ready) begin
      spare_valid_q <= 1'b1;
    end
  end

  always_ff @(posedge clk) begin
    if (m_ready || !out_valid_q) begin
      if (spare_valid_q) out_q <= spare_q;
      else if (s_valid) out_q <= s_data;
    end
    if (s_valid && s_ready) spare_q <= s_data;
  end

endmodule

`default_nettype wire
