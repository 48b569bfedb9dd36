// SPDX-License-Identifier: Apache-2.0
// One AES encryption round (FIPS 197, 5.1) of one block: SubBytes, ShiftRows, MixColumns (not in the last round), AddRoundKey, and the
// register behind them. Latency 1 cycle, one block a cycle. Byte order: aes_pkg.
//
// A block goes around two rounds like this (aes_pipe): the first of them, with SKIP, leaves a state that SubBytes turns to 0; so the second,
// with its key at 0 and JOIN, is left with `around`. This costs a LUT less a bit than a multiplexer.
`default_nettype none

module aes_round import aes_pkg::*; #(
    parameter bit LAST = 1'b0,  // the last round: no MixColumns
    parameter bit SKIP = 1'b0,  // `skip` is used
    parameter bit JOIN = 1'b0   // `around` is added to the result
) (
    input  logic         clk,
    input  logic         valid,   // the register takes a new state
    input  logic         skip,    // this block goes around this round and the next
    input  logic [127:0] around,
    input  logic [127:0] state,
    input  logic [127:0] key,
    output logic [127:0] out
);

  localparam logic [127:0] SUB_TO_0 = {16{8'h52}};

  logic [127:0] sub, shifted, mixed, result;
  for (genvar i = 0; i < 16; i++) begin : g_sub
    aes_sbox i_sbox (
        .x(state[8*i+:8]),
        .s(sub[8*i+:8])
    );
  end
  assign shifted = shift_rows(sub);

  if (LAST) begin : g_last
    assign mixed = shifted;
  end else begin : g_mix
    // What LUTs should share is kept as signals of its own. Without `around` three bits of a byte have 8 inputs with the key, the others 6:
    // with the shared signals each takes one LUT6. With `around` it is the others that gain.
    localparam logic [7:0] BY_SUM = JOIN ? 8'he5 : 8'h1a;
    for (genvar c = 0; c < 4; c++) begin : g_column
      (* keep *) logic [7:0] sum;
      logic [31:0]           high;
      assign sum = sum_rows(shifted[32*c+:32]) & BY_SUM;
      if (JOIN) begin : g_high
        assign high = high_bits(shifted[32*c+:32]);
      end else begin : g_high
        (* keep *) logic [31:0] kept;
        assign kept = high_bits(shifted[32*c+:32]);
        assign high = kept;
      end
      assign mixed[32*c+:32] = mix_column_with(shifted[32*c+:32], high, sum, BY_SUM);
    end
  end

  if (JOIN) begin : g_join
    assign result = mixed ^ key ^ around;
  end else begin : g_alone
    assign result = mixed ^ key;
  end

  logic [127:0] out_q;
  if (SKIP) begin : g_skip
    always_ff @(posedge clk) begin
      if (valid) out_q <= skip ? SUB_TO_0 : result;
    end
  end else begin : g_always
    always_ff @(posedge clk) begin
      if (valid) out_q <= result;
    end
  end
  assign out = out_q;

endmodule

`default_nettype wire
