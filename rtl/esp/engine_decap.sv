// SPDX-License-Identifier: Apache-2.0
// ESP decapsulation engine (ports first; the body follows).
`default_nettype none

module engine_decap #(
    parameter int unsigned LANES      = 4,    // 128-bit lanes of the data path: 1, 2, 4
    parameter int unsigned SA_ENTRIES = 4096  // SAs; a power of two
) (
    input  logic                     clk,
    input  logic                     rst,
    input  logic                     enable,

    input  logic                     s_axis_tvalid,
    output logic                     s_axis_tready,
    input  logic [128*LANES-1:0]     s_axis_tdata,
    input  logic                     s_axis_tlast,
    input  espalier_pkg::esp_in_t    s_axis_tuser,

    output logic                     m_axis_tvalid,
    input  logic                     m_axis_tready,
    output logic [128*LANES-1:0]     m_axis_tdata,
    output logic                     m_axis_tlast,
    output espalier_pkg::esp_out_t   m_axis_tuser,

    input  espalier_pkg::key_wr_t    key_wr,
    input  sa_pkg::in_ctx_wr_t       ctx_wr,
    input  sa_pkg::seq_req_t         seq_req,
    output sa_pkg::seq_rsp_t         seq_rsp,
    input  logic                     epoch,
    output logic [1:0]               inflight_zero,
    input  sa_pkg::lookup_req_t      lookup_req,
    output sa_pkg::lookup_rsp_t      lookup_rsp
);
endmodule

`default_nettype wire
