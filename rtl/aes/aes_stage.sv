// SPDX-License-Identifier: Apache-2.0
// One stage of the AES pipeline for LANES blocks side by side, with the memory of its round keys: slot STAGE of every SA.
// The key memory has two cycles of latency, so the SA index comes two cycles before the blocks (sa_ahead).
//
//   cycle      n              n + 2                 n + 3
//            sa_ahead   valid, bypass, state         out
//
// Stage 0 is the initial AddRoundKey, 1 to 13 are rounds, 14 is the last round. One beat a cycle, never stalls.
`default_nettype none

module aes_stage #(
    parameter  int unsigned LANES      = 4,     // blocks a beat
    parameter  int unsigned SA_ENTRIES = 4096,  // keys held
    parameter  int unsigned STAGE      = 0,     // 0 to 14
    localparam int unsigned ADDR_W     = $clog2(SA_ENTRIES)
) (
    input  logic                 clk,
    input  logic                 key_we,      // write the round key of key_sa
    input  logic [ADDR_W-1:0]    key_sa,
    input  logic [127:0]         key_data,
    input  logic                 ahead,       // a beat of sa_ahead follows in two cycles
    input  logic [ADDR_W-1:0]    sa_ahead,
    input  logic                 valid,
    input  logic                 bypass,      // this beat's key size skips this stage and the one before; stages 2 and 4 only
    input  logic [128*LANES-1:0] around,      // with bypass: what goes on instead
    input  logic [128*LANES-1:0] state,
    output logic [128*LANES-1:0] out
);

  logic [127:0] key;
  ram_sdp #(
      .WIDTH(128),
      .DEPTH(SA_ENTRIES),
      .READ_LATENCY(2)
  ) i_keys (
      .clk,
      .wr_en  (key_we),
      .wr_addr(key_sa),
      .wr_strb(1'b1),
      .wr_data(key_data),
      .rd_en  (ahead),
      .rd_addr(sa_ahead),
      .rd_data(key)
  );

  if (STAGE == 0) begin : g_initial
    logic [128*LANES-1:0] out_q;
    always_ff @(posedge clk) begin
      if (valid) out_q <= state ^ {LANES{key}};
    end
    assign out = out_q;
    logic unused;
    assign unused = &{1'b0, bypass, around};
  end else begin : g_round
    for (genvar l = 0; l < LANES; l++) begin : g_lane
      aes_round #(
          .LAST  (STAGE == 14),
          .BYPASS(STAGE == 2 || STAGE == 4)
      ) i_round (
          .clk,
          .valid,
          .bypass,
          .around(around[128*l+:128]),
          .state(state[128*l+:128]),
          .key,
          .out  (out[128*l+:128])
      );
    end
  end

endmodule

`default_nettype wire
