// SPDX-License-Identifier: Apache-2.0
// GHASH (NIST SP 800-38D, 6.4) of LANES blocks a cycle. A beat of k blocks X0 .. Xk-1 takes the accumulator Y to
//
//     (Y + X0) H^k  +  X1 H^(k-1)  +  ...  +  Xk-1 H
//
// Only the product of Y is on the way back to Y; the others are pipelined in front of it. So beats of a packet follow each other every
// cycle, and the next packet, with another SA, follows the last beat with no gap: Y returns to 0 behind `last`.
//
//   cycle            2                  3            4              5           6           7
//          blocks, count, powers   X and H^n    parts of sum      joined      reduced     y (with y_valid)
//
// Latency: 5 cycles from blocks to y. Only beats with `last` give a y_valid.
`default_nettype none

module ghash import gf128_pkg::*; #(
    parameter int unsigned LANES = 4  // blocks a beat
) (
    input  logic                    clk,
    input  logic                    rst,
    input  logic                    valid,
    input  logic                    flush,     // no beat: what is read takes the place of the powers before it, and changes no result
    input  logic                    last,      // the packet ends with this beat
    input  logic [LANES-1:0]        count,     // one-hot: bit n-1 is set when the beat has n blocks, the first n lanes
    input  logic [LANES-1:0][127:0] blocks,    // byte strings; lanes beyond count are zero
    input  logic [LANES-1:0][127:0] powers,    // byte strings, of the beat's SA: H^(n+1) in lane n
    output logic                    y_valid,
    output logic [127:0]            y          // byte string
);

  // ---- cycle 2: each lane picks the power that its place from the end of the beat asks for ------------------------------------
  logic [LANES-1:0][127:0] power;  // as polynomials
  for (genvar n = 0; n < LANES; n++) begin : g_power
    assign power[n] = poly(powers[n]);
  end

  // Lane l of n blocks takes H^(n-l). A lane without a block has X = 0, and any power will do.
  logic                    valid3_q, last3_q;
  logic [127:0]            x3_q, h3_q;  // lane 0: block and its power
  logic [LANES-1:0][127:0] picked;
  for (genvar l = 0; l < LANES; l++) begin : g_pick
    localparam int unsigned N = LANES - l;  // powers to choose from
    if (N == 1) begin : g_1
      assign picked[l] = power[0];
    end else if (N == 2) begin : g_2
      assign picked[l] = count[l] ? power[0] : power[1];
    end else if (N == 3) begin : g_3
      assign picked[l] = count[l] ? power[0] : count[l+1] ? power[1] : power[2];
    end else begin : g_4
      logic [1:0] n;
      assign n = {count[3] | count[2], count[3] | count[1]};
      assign picked[l] = n[1] ? (n[0] ? power[3] : power[2]) : (n[0] ? power[1] : power[0]);
    end
  end

  logic take2, take3_q, take4_q, take5_q;  // valid or flush, in that cycle
  assign take2 = valid || flush;
  always_ff @(posedge clk) begin
    take3_q <= take2 && !rst;
    take4_q <= take3_q && !rst;
    take5_q <= take4_q && !rst;
  end

  always_ff @(posedge clk) begin
    valid3_q <= valid && !rst;
    if (take2) begin
      last3_q <= last;
      x3_q    <= poly(blocks[0]);
      h3_q    <= picked[0];
    end
  end

  // ---- cycles 3 to 5, lanes 1 and up: the sum of their products. The parts of a sum are the sums of the parts, so the parts are joined
  // and reduced once. Lane 0 waits beside. ---------------------------------------------------------------------------------------
  logic         valid4_q, valid5_q, valid6_q, last4_q, last5_q, last6_q;
  logic [127:0] x4_q, x5_q, x6_q, h4_q, h5_q, h6_q;  // lane 0, waiting
  logic [127:0] others;                              // sum of lanes 1 and up, with cycle 6

  always_ff @(posedge clk) begin
    valid4_q <= valid3_q && !rst;
    valid5_q <= valid4_q && !rst;
    valid6_q <= valid5_q && !rst;
    if (take3_q) begin
      last4_q <= last3_q;
      x4_q    <= x3_q;
      h4_q    <= h3_q;
    end
    if (take4_q) begin
      last5_q <= last4_q;
      x5_q    <= x4_q;
      h5_q    <= h4_q;
    end
    if (take5_q) begin
      last6_q <= last5_q;
      x6_q    <= x5_q;
      h6_q    <= h5_q;
    end
  end

  if (LANES == 1) begin : g_alone
    assign others = '0;
  end else begin : g_others
    localparam int unsigned N = LANES - 1;
    logic [PARTS_W-1:0] parts4_q;
    logic [127:0]       lo5_q, hi5_q, sum5_q, others6_q;
    for (genvar l = 0; l < N; l++) begin : g_product
      logic [EXPAND_W-1:0] xe_q, he_q;
      logic [PARTS_W-1:0]  product, total;
      always_ff @(posedge clk) begin
        if (take2) begin
          xe_q <= expand(poly(blocks[l+1]));
          he_q <= expand(picked[l+1]);
        end
      end
      assign product = multiply(xe_q, he_q);
      if (l == 0) begin : g_first
        assign total = product;
      end else begin : g_next
        assign total = product ^ g_product[l-1].total;
      end
    end
    always_ff @(posedge clk) begin
      if (take3_q) parts4_q <= g_product[N-1].total;
      if (take4_q) begin
        lo5_q  <= join64(parts4_q[287:0]);
        hi5_q  <= join64(parts4_q[575:288]);
        sum5_q <= join64(parts4_q[863:576]);
      end
      if (take5_q) others6_q <= reduce(join128(lo5_q, hi5_q, sum5_q));
    end
    assign others = others6_q;
  end

  // ---- cycle 6: the loop --------------------------------------------------------------------------------------------------
  logic [127:0] acc_q, next, y_q;
  logic         y_valid_q;
  assign next = mul(acc_q ^ x6_q, h6_q) ^ others;

  always_ff @(posedge clk) begin
    if (rst) acc_q <= '0;
    else if (valid6_q) acc_q <= last6_q ? '0 : next;
    if (valid6_q && last6_q) y_q <= next;
    y_valid_q <= valid6_q && last6_q && !rst;
  end

  assign y_valid = y_valid_q;
  assign y       = poly(y_q);

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst && valid) assert ($onehot(count) && (last || count[LANES-1]));
  end
`endif

endmodule

`default_nettype wire
