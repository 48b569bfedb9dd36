// SPDX-License-Identifier: Apache-2.0
// SA manager (ports first; the body follows): serves csr's SA commands for both engines.
`default_nettype none

module sa_manager #(
    parameter int unsigned SA_ENTRIES = 4096  // SAs a direction; a power of two
) (
    input  logic                     clk,
    input  logic                     rst,

    // commands from csr: taken when cmd_valid and cmd_ready; one rsp_valid pulse answers each
    input  logic                     cmd_valid,
    output logic                     cmd_ready,
    input  espalier_pkg::sa_cmd_t    cmd,
    output logic                     rsp_valid,
    output espalier_pkg::sa_rsp_t    rsp,
    output logic                     ready,      // the wipe after reset is done; also `enable` of both engines
    output logic [31:0]              out_count,  // SAs installed now
    output logic [31:0]              in_count,

    // encapsulation engine
    output espalier_pkg::key_wr_t    out_key_wr,
    output sa_pkg::out_ctx_wr_t      out_ctx_wr,
    output sa_pkg::seq_req_t         out_seq_req,
    input  sa_pkg::seq_rsp_t         out_seq_rsp,
    output logic                     out_epoch,
    input  logic [1:0]               out_inflight_zero,

    // decapsulation engine
    output espalier_pkg::key_wr_t    in_key_wr,
    output sa_pkg::in_ctx_wr_t       in_ctx_wr,
    output sa_pkg::seq_req_t         in_seq_req,
    input  sa_pkg::seq_rsp_t         in_seq_rsp,
    output logic                     in_epoch,
    input  logic [1:0]               in_inflight_zero,
    output sa_pkg::lookup_req_t      lookup_req,
    input  sa_pkg::lookup_rsp_t      lookup_rsp
);
endmodule

`default_nettype wire
