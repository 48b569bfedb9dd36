// SPDX-License-Identifier: Apache-2.0
// AES arithmetic on one column (FIPS 197, 5.1.3). The order of bytes, here and in every AES module: the state is the byte string of the
// block, byte 0 in [7:0]; the standard's s[r,c] is byte r + 4c, so a 32-bit word is a column and its low byte is row 0.
//
//     bits   127..120 ... 103..96 | ... |  31..24  23..16  15..8   7..0
//     byte      15           12   | ... |     3       2      1      0
//     s[r,c]   s33          s03   | ... |   s30     s20    s10    s00
`default_nettype none

package aes_pkg;

  localparam int unsigned STAGES = 15;  // pipeline stages: the initial AddRoundKey and 14 rounds

  // Each byte times x in GF(2^8), modulo x^8 + x^4 + x^3 + x + 1.
  function automatic logic [31:0] times_x(input logic [31:0] w);
    logic [31:0] high;
    high = (w >> 7) & 32'h01010101;
    times_x = ((w & 32'h7f7f7f7f) << 1) ^ high ^ (high << 1) ^ (high << 3) ^ (high << 4);
  endfunction

  // Row r becomes 2*r0 + 3*r1 + r2 + r3 of the rows counted from r; 2*r0 + 3*r1 = 2*(r0 + r1) + r1.
  function automatic logic [31:0] mix_column(input logic [31:0] w);
    logic [31:0] next;
    next = {w[7:0], w[31:8]};
    mix_column = times_x(w ^ next) ^ next ^ {w[15:0], w[31:16]} ^ {w[23:0], w[31:24]};
  endfunction

endpackage

`default_nettype wire
