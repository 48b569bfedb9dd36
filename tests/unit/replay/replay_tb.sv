// SPDX-License-Identifier: Apache-2.0
// replay with flat ports.
`default_nettype none

module replay_tb #(
    parameter int unsigned SA_ENTRIES = 64
) (
    input  logic        clk,
    input  logic        rst,
    input  logic        c_valid,
    input  logic [15:0] c_sa,
    input  logic [31:0] c_low,
    input  logic        c_esn,
    input  logic [7:0]  c_window,
    output logic [63:0] c_seq,
    output logic [1:0]  c_verdict,
    input  logic        u_valid,
    input  logic [15:0] u_sa,
    input  logic [63:0] u_seq,
    input  logic [7:0]  u_window,
    output logic [1:0]  u_verdict,
    input  logic        req_valid,
    input  logic        req_write,
    input  logic [15:0] req_sa,
    input  logic [63:0] req_seq,
    output logic        rsp_ready,
    output logic        rsp_valid,
    output logic [63:0] rsp_seq
);

  sa_pkg::seq_req_t seq_req;
  sa_pkg::seq_rsp_t seq_rsp;
  assign seq_req = {req_valid, req_write, req_sa, req_seq};
  logic rsp_bad;
  assign {rsp_ready, rsp_valid, rsp_bad, rsp_seq} = seq_rsp;
  always_ff @(posedge clk) assert (!rsp_valid || !rsp_bad);

  replay #(
      .SA_ENTRIES(SA_ENTRIES)
  ) u_replay (
      .clk, .rst, .c_valid, .c_sa, .c_low, .c_esn, .c_window, .c_seq, .c_verdict,
      .u_valid, .u_verified(u_valid), .u_sa, .u_seq, .u_window, .u_verdict, .seq_req, .seq_rsp
  );

endmodule

`default_nettype wire
