// SPDX-License-Identifier: Apache-2.0
// The first three stages of the AES pipeline, AddRoundKey and two rounds, for the counter blocks of LANES lanes: | nonce 12 B | 0 0 | counter |.
// The blocks of a beat differ in the counter alone, in bytes 14 and 15, so most of the state is worked on once for all lanes:
//
//   bytes that differ     stage 0 and 1, before ShiftRows    after round 1: columns 0, 1     after round 2: all
//   (rows down)                . . . .                             o o . .                      o o o o
//                              . . . .                             o o . .                      o o o o
//                              . . . o                             o o . .                      o o o o
//                              . . . o                             o o . .                      o o o o
//
// MixColumns is linear, so a column's part from common bytes is made once, with the key, and each lane adds the part from its own bytes.
// Latency 3 cycles, one beat a cycle. Byte order: aes_pkg.
`default_nettype none

module aes_start import aes_pkg::*; #(
    parameter int unsigned LANES = 4  // blocks a beat
) (
    input  logic                    clk,
    input  logic [2:0]              valid,    // a beat is at stage 0, 1, 2
    input  logic [2:0][127:0]       key,      // round keys 0, 1, 2, each of the beat at its stage
    input  logic [95:0]             nonce,    // byte string
    input  logic [LANES-1:0][15:0]  counter,  // numbers
    output logic [LANES-1:0][127:0] out
);

  // ---- stage 0 --------------------------------------------------------------------------------------------------------------
  logic [111:0]           common0_q, common0_sub;
  logic [LANES-1:0][15:0] own0_q, own0_sub;
  always_ff @(posedge clk) begin
    if (valid[0]) common0_q <= {16'b0, nonce} ^ key[0][111:0];
  end
  for (genvar l = 0; l < LANES; l++) begin : g_counter
    always_ff @(posedge clk) begin
      if (valid[0]) own0_q[l] <= {counter[l][7:0], counter[l][15:8]} ^ key[0][127:112];
    end
  end

  // ---- stage 1 --------------------------------------------------------------------------------------------------------------
  for (genvar i = 0; i < 14; i++) begin : g_common0
    aes_sbox i_sbox (.x(common0_q[8*i+:8]), .s(common0_sub[8*i+:8]));
  end
  for (genvar l = 0; l < LANES; l++) begin : g_own0
    for (genvar i = 0; i < 2; i++) begin : g_byte
      aes_sbox i_sbox (.x(own0_q[l][8*i+:8]), .s(own0_sub[l][8*i+:8]));
    end
  end

  logic [127:0]           common1;
  logic [63:0]            common1_q, common1_sub;  // columns 2 and 3
  logic [LANES-1:0][63:0] own1_q, own1_sub;        // columns 0 and 1
  assign common1 = mix_columns(shift_rows({16'b0, common0_sub})) ^ key[1];
  always_ff @(posedge clk) begin
    if (valid[1]) common1_q <= common1[127:64];
  end
  for (genvar l = 0; l < LANES; l++) begin : g_round1
    logic [127:0] own;
    assign own = mix_columns(shift_rows({own0_sub[l], 112'b0}));
    always_ff @(posedge clk) begin
      if (valid[1]) own1_q[l] <= common1[63:0] ^ own[63:0];
    end
  end

  // ---- stage 2 --------------------------------------------------------------------------------------------------------------
  for (genvar i = 0; i < 8; i++) begin : g_common1
    aes_sbox i_sbox (.x(common1_q[8*i+:8]), .s(common1_sub[8*i+:8]));
  end
  for (genvar l = 0; l < LANES; l++) begin : g_own1
    for (genvar i = 0; i < 8; i++) begin : g_byte
      aes_sbox i_sbox (.x(own1_q[l][8*i+:8]), .s(own1_sub[l][8*i+:8]));
    end
  end

  logic [127:0]            common2;
  logic [LANES-1:0][127:0] out_q;
  assign common2 = mix_columns(shift_rows({common1_sub, 64'b0})) ^ key[2];
  for (genvar l = 0; l < LANES; l++) begin : g_round2
    logic [127:0] own;
    assign own = mix_columns(shift_rows({64'b0, own1_sub[l]}));
    always_ff @(posedge clk) begin
      if (valid[2]) out_q[l] <= common2 ^ own;
    end
  end
  assign out = out_q;

endmodule

`default_nettype wire
