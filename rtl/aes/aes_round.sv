// SPDX-License-Identifier: Apache-2.0
// One AES encryption round (FIPS 197, 5.1) of one block: SubBytes, ShiftRows, MixColumns (not in the last round), AddRoundKey, and the
// register behind them. Latency 1 cycle, one block a cycle. Byte order: aes_pkg.
`default_nettype none

module aes_round #(
    parameter bit LAST   = 1'b0,  // the last round: no MixColumns
    parameter bit BYPASS = 1'b0   // `around` can take the place of the round's result (shorter keys have fewer rounds)
) (
    input  logic         clk,
    input  logic         valid,   // the register takes a new state
    input  logic         bypass,
    input  logic [127:0] around,
    input  logic [127:0] state,
    input  logic [127:0] key,
    output logic [127:0] out
);

  logic [127:0] sub;
  for (genvar i = 0; i < 16; i++) begin : g_sub
    aes_sbox i_sbox (
        .x(state[8*i+:8]),
        .s(sub[8*i+:8])
    );
  end

  // ShiftRows: row r of column c comes from column c + r.
  logic [127:0] mixed;
  for (genvar c = 0; c < 4; c++) begin : g_column
    logic [31:0] shifted;
    assign shifted = {
      sub[32*((c+3)%4)+24+:8], sub[32*((c+2)%4)+16+:8], sub[32*((c+1)%4)+8+:8], sub[32*c+:8]
    };
    if (LAST) begin : g_last
      assign mixed[32*c+:32] = shifted;
    end else begin : g_mix
      assign mixed[32*c+:32] = aes_pkg::mix_column(shifted);
    end
  end

  logic [127:0] out_q;
  if (BYPASS) begin : g_bypass
    always_ff @(posedge clk) begin
      if (valid) out_q <= bypass ? around : mixed ^ key;
    end
  end else begin : g_always
    always_ff @(posedge clk) begin
      if (valid) out_q <= mixed ^ key;
    end
    logic unused;
    assign unused = &{1'b0, bypass, around};
  end
  assign out = out_q;

endmodule

`default_nettype wire
