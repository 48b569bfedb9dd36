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

  // ---- the product, three levels of Karatsuba over 16-bit words: 27 small products for 64. Three steps, so that registers, or a sum over
  // several products, can stand between them: expand both operands, multiply word by word, join.
  localparam int unsigned PARTS    = 27;
  localparam int unsigned EXPAND_W = 16 * PARTS;
  localparam int unsigned PARTS_W  = 32 * PARTS;

  // Words low half, high half, and their sum; of each of them the same again.
  function automatic logic [143:0] expand64(input logic [63:0] a);
    logic [31:0] s;
    s = a[31:0] ^ a[63:32];
    expand64 = {s[15:0] ^ s[31:16], s, a[47:32] ^ a[63:48], a[63:32], a[15:0] ^ a[31:16], a[31:0]};
  endfunction

  function automatic logic [EXPAND_W-1:0] expand(input logic [127:0] a);
    expand = {expand64(a[63:0] ^ a[127:64]), expand64(a[127:64]), expand64(a[63:0])};
  endfunction

  // 16 x 16 carry-less product. The rows are added in threes: three rows are six bits, the inputs of a LUT6.
  function automatic logic [31:0] mul16(input logic [15:0] a, input logic [15:0] b);
    logic [31:0] w, c0, c1, c2, c3, c4;
    w  = {16'b0, b};
    c0 = ({32{a[0]}} & w) ^ ({32{a[1]}} & (w << 1)) ^ ({32{a[2]}} & (w << 2));
    c1 = ({32{a[3]}} & (w << 3)) ^ ({32{a[4]}} & (w << 4)) ^ ({32{a[5]}} & (w << 5));
    c2 = ({32{a[6]}} & (w << 6)) ^ ({32{a[7]}} & (w << 7)) ^ ({32{a[8]}} & (w << 8));
    c3 = ({32{a[9]}} & (w << 9)) ^ ({32{a[10]}} & (w << 10)) ^ ({32{a[11]}} & (w << 11));
    c4 = ({32{a[12]}} & (w << 12)) ^ ({32{a[13]}} & (w << 13)) ^ ({32{a[14]}} & (w << 14));
    mul16 = (c0 ^ c1 ^ c2) ^ (c3 ^ c4 ^ ({32{a[15]}} & (w << 15)));
  endfunction

  function automatic logic [287:0] multiply9(input logic [143:0] a, input logic [143:0] b);
    multiply9 = {mul16(a[143:128], b[143:128]), mul16(a[127:112], b[127:112]), mul16(a[111:96], b[111:96]),
                 mul16(a[95:80], b[95:80]), mul16(a[79:64], b[79:64]), mul16(a[63:48], b[63:48]),
                 mul16(a[47:32], b[47:32]), mul16(a[31:16], b[31:16]), mul16(a[15:0], b[15:0])};
  endfunction

  function automatic logic [PARTS_W-1:0] multiply(input logic [EXPAND_W-1:0] a, input logic [EXPAND_W-1:0] b);
    multiply = {multiply9(a[431:288], b[431:288]), multiply9(a[287:144], b[287:144]), multiply9(a[143:0], b[143:0])};
  endfunction

  // Products of low halves, high halves and sums to the product of the whole, at each level.
  function automatic logic [63:0] join32(input logic [95:0] p);
    logic [31:0] mid;
    mid    = p[31:0] ^ p[63:32] ^ p[95:64];
    join32 = p[63:0] ^ {16'b0, mid, 16'b0};
  endfunction

  function automatic logic [127:0] join64(input logic [287:0] p);
    logic [63:0] lo, hi, mid;
    lo     = join32(p[95:0]);
    hi     = join32(p[191:96]);
    mid    = join32(p[287:192]) ^ lo ^ hi;
    join64 = {hi, lo} ^ {32'b0, mid, 32'b0};
  endfunction

  function automatic logic [255:0] join128(input logic [127:0] lo, input logic [127:0] hi, input logic [127:0] sum);
    join128 = {hi, lo} ^ {64'b0, sum ^ lo ^ hi, 64'b0};
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
    logic [PARTS_W-1:0] p;
    p   = multiply(expand(a), expand(b));
    mul = reduce(join128(join64(p[287:0]), join64(p[575:288]), join64(p[863:576])));
  endfunction

endpackage

`default_nettype wire
