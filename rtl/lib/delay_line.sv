// SPDX-License-Identifier: Apache-2.0
// Delays a stream that cannot stall by a fixed number of cycles, with its gaps: what a chain of DELAY registers does, but in LUT RAM, so
// that a wide word moves twice and not DELAY times. One word a cycle; m_data is valid with m_valid only.
`default_nettype none

module delay_line #(
    parameter int unsigned WIDTH = 128,  // bits of a word
    parameter int unsigned DELAY = 8     // cycles, 2 or more
) (
    input  logic             clk,
    input  logic             rst,
    input  logic             s_valid,
    input  logic [WIDTH-1:0] s_data,
    output logic             m_valid,
    output logic [WIDTH-1:0] m_data
);

  localparam int unsigned PTR_W = $clog2(DELAY);

  logic [WIDTH-1:0] mem[0:(1<<PTR_W)-1];
  logic [WIDTH-1:0] out_q;
  logic [PTR_W-1:0] ptr_q;    // the place of this cycle's word
  logic [PTR_W-1:0] rptr;     // the place of the word that came DELAY - 1 cycles ago
  logic [DELAY-1:0] valid_q;

  assign rptr    = ptr_q - PTR_W'(DELAY - 1);
  assign m_valid = valid_q[DELAY-1];
  assign m_data  = out_q;

  always_ff @(posedge clk) begin
    if (rst) begin
      ptr_q   <= '0;
      valid_q <= '0;
    end else begin
      ptr_q   <= ptr_q + 1'b1;
      valid_q <= {valid_q[DELAY-2:0], s_valid};
    end
  end

  always_ff @(posedge clk) begin
    if (s_valid) mem[ptr_q] <= s_data;
    if (valid_q[DELAY-2]) out_q <= mem[rptr];
  end

endmodule

`default_nettype wire
