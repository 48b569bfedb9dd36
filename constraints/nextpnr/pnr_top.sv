// SPDX-License-Identifier: Apache-2.0
// A block between shift registers, so that it needs five pins and every path through it starts and ends in a register: for place and route
// alone. BLOCK 0: ghash, 1: replay, 2: aes_start.
`default_nettype none

module pnr_top #(
    parameter int unsigned BLOCK      = 0,
    parameter int unsigned LANES      = 1,
    parameter int unsigned SA_ENTRIES = 64
) (
    input  logic clk,
    input  logic rst,
    input  logic in,
    input  logic load,  // the outputs are taken; else they are shifted out
    output logic out
);

  localparam int unsigned IN_W  = 1024;
  localparam int unsigned OUT_W = 512;

  logic [IN_W-1:0]  in_q;
  logic [OUT_W-1:0] result, out_q;
  always_ff @(posedge clk) begin
    in_q  <= {in_q[IN_W-2:0], in};
    out_q <= load ? result : {1'b0, out_q[OUT_W-1:1]};
  end
  assign out = out_q[0];

  if (BLOCK == 0) begin : g_ghash
    ghash #(.LANES(LANES)) i_block (
        .clk, .rst, .valid(in_q[0]), .flush(in_q[7]), .last(in_q[1]), .count(in_q[2+:LANES]), .blocks(in_q[8+:128*LANES]),
        .powers(in_q[8+128*LANES+:128*LANES]), .y_valid(result[0]), .y(result[1+:128])
    );
    assign result[OUT_W-1:129] = '0;
  end else if (BLOCK == 1) begin : g_replay
    sa_pkg::seq_req_t seq_req;
    sa_pkg::seq_rsp_t seq_rsp;
    assign seq_req = in_q[511-:$bits(seq_req)];
    replay #(.SA_ENTRIES(SA_ENTRIES)) i_block (
        .clk, .rst, .check_valid(in_q[0]), .check_sa(in_q[16:1]), .check_low(in_q[48:17]), .check_esn(in_q[49]), .check_window(in_q[57:50]),
        .check_seq(result[63:0]), .check_verdict(result[65:64]), .update_valid(in_q[58]), .update_verified(in_q[59]), .update_sa(in_q[75:60]),
        .update_seq(in_q[139:76]), .update_window(in_q[147:140]), .update_verdict(result[67:66]), .seq_req, .seq_rsp
    );
    assign result[OUT_W-1:68] = (OUT_W - 68)'(seq_rsp);
  end else begin : g_aes
    aes_start #(.LANES(LANES)) i_block (
        .clk, .valid(in_q[2:0]), .key(in_q[3+:384]), .nonce(in_q[387+:96]), .counter(in_q[483+:16*LANES]), .out(result[0+:128*LANES])
    );
    assign result[OUT_W-1:128*LANES] = '0;
  end

endmodule

`default_nettype wire
