// SPDX-License-Identifier: Apache-2.0
// Arithmetic in GF(2^128) as GHASH uses it (NIST SP 800-38D, 6.3). The standard numbers the bits of a block from the first byte's most
// significant bit; bit i is the coefficient of x^i. Blocks travel as byte strings, byte 0 in [7:0], so the bits of each byte turn round:
//
//   byte string   [7:0] = byte 0: 7 6 5 4 3 2 1 0     [15:8] = byte 1: 15 14 ...
//   polynomial    x^0 = bit 7, x^1 = bit 6, ... x^7 = bit 0, x^8 = bit 15, ...
//
// Behind poly() everything is ordinary polynomial arithmetic modulo x^128 + x^7 + x^2 + x + 1.
`default_nettype none

package gf128_pkg;

  function automatic logic [127:0] poly(input logic [127:0] s);  // its own inverse
    logic [127:0] p;
    p = ((s >> 4) & {16{8'h0f}}) | ((s & {16{8'h0f}}) << 4);
    p = ((p >> 2) & {16{8'h33}}) | ((p & {16{8'h33}}) << 2);
    poly = ((p >> 1) & {16{8'h55}}) | ((p & {16{8'h55}}) << 1);
  endfunction

  // 16 x 16 carry-less product; the rows are added as a tree.
  function automatic logic [31:0] mul16(input logic [15:0] a, input logic [15:0] b);
    logic [31:0] c0, c1, c2, c3, w;
    w  = {16'b0, b};
    c0 = (({32{a[0]}} & w) ^ ({32{a[1]}} & (w << 1))) ^ (({32{a[2]}} & (w << 2)) ^ ({32{a[3]}} & (w << 3)));
    c1 = (({32{a[4]}} & (w << 4)) ^ ({32{a[5]}} & (w << 5))) ^ (({32{a[6]}} & (w << 6)) ^ ({32{a[7]}} & (w << 7)));
    c2 = (({32{a[8]}} & (w << 8)) ^ ({32{a[9]}} & (w << 9))) ^ (({32{a[10]}} & (w << 10)) ^ ({32{a[11]}} & (w << 11)));
    c3 = (({32{a[12]}} & (w << 12)) ^ ({32{a[13]}} & (w << 13))) ^ (({32{a[14]}} & (w << 14)) ^ ({32{a[15]}} & (w << 15)));
    mul16 = (c0 ^ c1) ^ (c2 ^ c3);
  endfunction

  // Karatsuba: three half-size products for four.
  function automatic logic [63:0] mul32(input logic [31:0] a, input logic [31:0] b);
    logic [31:0] lo, hi, mid;
    lo  = mul16(a[15:0], b[15:0]);
    hi  = mul16(a[31:16], b[31:16]);
    mid = mul16(a[15:0] ^ a[31:16], b[15:0] ^ b[31:16]) ^ lo ^ hi;
    mul32 = {hi, lo} ^ {16'b0, mid, 16'b0};
  endfunction

  function automatic logic [127:0] mul64(input logic [63:0] a, input logic [63:0] b);
    logic [63:0] lo, hi, mid;
    lo  = mul32(a[31:0], b[31:0]);
    hi  = mul32(a[63:32], b[63:32]);
    mid = mul32(a[31:0] ^ a[63:32], b[31:0] ^ b[63:32]) ^ lo ^ hi;
    mul64 = {hi, lo} ^ {32'b0, mid, 32'b0};
  endfunction

  // Remainder of a 255-bit product: x^128 = x^7 + x^2 + x + 1, twice, as the first fold reaches up to x^133.
  function automatic logic [127:0] reduce(input logic [255:0] c);
    logic [127:0] hi;
    logic [6:0]   over;
    hi   = c[255:128];
    over = hi[127:121] ^ {5'b0, hi[127:126]} ^ {6'b0, hi[127]};
    reduce = c[127:0] ^ hi ^ (hi << 1) ^ (hi << 2) ^ (hi << 7)
           ^ {121'b0, over} ^ {120'b0, over, 1'b0} ^ {119'b0, over, 2'b0} ^ {114'b0, over, 7'b0};
  endfunction

  function automatic logic [127:0] mul(input logic [127:0] a, input logic [127:0] b);
    logic [127:0] lo, hi, mid;
    lo  = mul64(a[63:0], b[63:0]);
    hi  = mul64(a[127:64], b[127:64]);
    mid = mul64(a[63:0] ^ a[127:64], b[63:0] ^ b[127:64]) ^ lo ^ hi;
    mul = reduce({hi, lo} ^ {64'b0, mid, 64'b0});
  endfunction

endpackage

`default_nettype wire
