// SPDX-License-Identifier: Apache-2.0
// Stands in the place of rtl/esp/engine_encap.sv: its ports and parameters, and behind them the netlist (netlist.mk), which knows bits only.
`default_nettype none

module engine_encap #(
    parameter int unsigned LANES      = 1,
    parameter int unsigned SA_ENTRIES = 4096
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
    input  sa_pkg::out_ctx_wr_t      ctx_wr,
    input  sa_pkg::seq_req_t         seq_req,
    output sa_pkg::seq_rsp_t         seq_rsp,
    input  sa_pkg::drop_req_t        drop,
    input  logic                     epoch,
    output logic [1:0]               inflight_zero
);

  if (LANES != 1 || SA_ENTRIES != 4096) begin : gen_other
    $fatal(1, "the netlist is of 1 lane and 4096 SAs");
  end

  engine_encap_netlist u_netlist (
      .clk, .rst, .enable, .s_axis_tvalid, .s_axis_tready, .s_axis_tdata, .s_axis_tlast, .s_axis_tuser,
      .m_axis_tvalid, .m_axis_tready, .m_axis_tdata, .m_axis_tlast, .m_axis_tuser,
      .key_wr, .ctx_wr, .seq_req, .seq_rsp, .drop, .epoch, .inflight_zero
  );

endmodule

`default_nettype wire
