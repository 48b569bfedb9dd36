// SPDX-License-Identifier: Apache-2.0
// proof aes_sbox: pdr
// The table is the S-box as FIPS 197, 5.1.1 defines it: y with x * y = 1 in GF(2^8), 0 for 0, then the affine transformation.
`default_nettype none

module p_aes_sbox (
    input logic [7:0] x,
    input logic [7:0] y,
    input logic       clk
);
  logic [7:0] s;
  aes_sbox u_dut (.*);

  function automatic logic [7:0] times(input logic [7:0] a, input logic [7:0] b);
    logic [7:0] p, m;
    p = '0;
    m = a;
    for (int i = 0; i < 8; i++) begin
      if (b[i]) p = p ^ m;
      m = {m[6:0], 1'b0} ^ (m[7] ? 8'h1b : 8'h00);
    end
    times = p;
  endfunction

  logic inverse;
  assign inverse = (x == '0) ? y == '0 : times(x, y) == 8'h01;
  always_ff @(posedge clk) begin
    a_table : assert (!inverse || s == (y ^ {y[6:0], y[7]} ^ {y[5:0], y[7:6]} ^ {y[4:0], y[7:5]} ^ {y[3:0], y[7:4]} ^ 8'h63));
  end
endmodule

`default_nettype wire
