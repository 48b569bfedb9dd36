// SPDX-License-Identifier: Apache-2.0
// replay with flat ports.
`default_nettype none

module replay_tb #(
    parameter int unsigned SA_ENTRIES = 64
) (
    input  logic        clk,
    input  logic        rst,
    input  logic        check_valid,
    input  logic [15:0] check_sa,
    input  logic [31:0] check_low,
    input  logic        check_esn,
    input  logic [7:0]  check_window,
    output logic [63:0] check_seq,
    output logic [1:0]  check_verdict,
    input  logic        update_valid,
    input  logic [15:0] update_sa,
    input  logic [63:0] update_seq,
    input  logic [7:0]  update_window,
    output logic [1:0]  update_verdict,
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
      .clk, .rst, .check_valid, .check_sa, .check_low, .check_esn, .check_window, .check_seq, .check_verdict,
      .update_valid, .update_verified(update_valid), .update_sa, .update_seq, .update_window, .update_verdict, .seq_req, .seq_rsp
  );

endmodule

`default_nettype wire
