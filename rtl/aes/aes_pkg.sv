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

  // The top bit of each row plus the one behind it, in bit 0 of its byte: where the doubled row overflows.
  function automatic logic [31:0] high_bits(input logic [31:0] w);
    high_bits = ((w ^ {w[7:0], w[31:8]}) >> 7) & 32'h01010101;
  endfunction

  function automatic logic [7:0] sum_rows(input logic [31:0] w);
    sum_rows = w[7:0] ^ w[15:8] ^ w[23:16] ^ w[31:24];
  endfunction

  // MixColumns of a column: row r becomes 2*r0 + 3*r1 + r2 + r3 of the rows counted from r, that is 2*(r0 + r1) plus r1 + r2 + r3, or
  // plus r0 + sum_rows, in the bits of by_sum.
  function automatic logic [31:0] mix_column_with(input logic [31:0] w, input logic [31:0] high, input logic [7:0] sum,
                                                  input logic [7:0] by_sum);
    logic [31:0] next;
    next = {w[7:0], w[31:8]};
    mix_column_with = (((w ^ next) & 32'h7f7f7f7f) << 1) ^ high ^ (high << 1) ^ (high << 3) ^ (high << 4)
                    ^ ((next ^ {w[15:0], w[31:16]} ^ {w[23:0], w[31:24]}) & ~{4{by_sum}}) ^ ((w ^ {4{sum}}) & {4{by_sum}});
  endfunction

  function automatic logic [31:0] mix_column(input logic [31:0] w);
    mix_column = mix_column_with(w, high_bits(w), 8'h00, 8'h00);
  endfunction

  function automatic logic [127:0] mix_columns(input logic [127:0] s);
    mix_columns = {mix_column(s[127:96]), mix_column(s[95:64]), mix_column(s[63:32]), mix_column(s[31:0])};
  endfunction

  // Row r of column c comes from column c + r.
  function automatic logic [127:0] shift_rows(input logic [127:0] s);
    shift_rows = {s[95:88], s[55:48], s[15:8], s[103:96], s[63:56], s[23:16], s[111:104], s[71:64],
                  s[31:24], s[119:112], s[79:72], s[39:32], s[127:120], s[87:80], s[47:40], s[7:0]};
  endfunction

endpackage

`default_nettype wire
