// SPDX-License-Identifier: Apache-2.0
// dma with every struct of its ports taken apart into one port a field, so that the C test reads and writes plain numbers.
// ei/di: beats to the encapsulation and decapsulation engine; eo/dd: beats back from them.
`default_nettype none

module dma_tb (
    input  logic         clk,
    input  logic         rst,
    input  logic         enable,
    input  logic         stop,
    output logic         idle,
    input  logic         reg_valid,
    input  logic         reg_write,
    input  logic [15:0]  reg_addr,
    input  logic [31:0]  reg_wdata,
    input  logic [3:0]   reg_strb,
    output logic         reg_rvalid,
    output logic         reg_rerror,
    output logic [31:0]  reg_rdata,
    output logic         req_valid,
    input  logic         req_ready,
    output logic [63:0]  req_addr,
    output logic [15:0]  req_len,
    output logic [15:0]  req_ctx,
    input  logic         rsp_valid,
    output logic         rsp_ready,
    input  logic [15:0]  rsp_ctx,
    input  logic [15:0]  rsp_offset,
    input  logic [6:0]   rsp_count,
    input  logic [5:0]   rsp_start,
    input  logic         rsp_done,
    input  logic [7:0]   rsp_status,
    input  logic [511:0] rsp_data,
    output logic         wr_valid,
    input  logic         wr_ready,
    output logic [511:0] wr_data,
    output logic         wr_last,
    output logic [63:0]  wr_addr,
    output logic [15:0]  wr_len,
    output logic         irq_valid,
    input  logic         irq_ready,
    output logic [7:0]   irq_vector,
    output logic         ei_valid,
    input  logic         ei_ready,
    output logic [511:0] ei_data,
    output logic         ei_last,
    output logic [7:0]   ei_job,
    output logic [15:0]  ei_len,
    output logic [15:0]  ei_sa,
    output logic [7:0]   ei_status,
    output logic         di_valid,
    input  logic         di_ready,
    output logic [511:0] di_data,
    output logic         di_last,
    output logic [7:0]   di_job,
    output logic [15:0]  di_len,
    output logic [15:0]  di_sa,
    output logic [7:0]   di_status,
    input  logic         eo_valid,
    output logic         eo_ready,
    input  logic [511:0] eo_data,
    input  logic         eo_last,
    input  logic [7:0]   eo_job,
    input  logic [15:0]  eo_len,
    input  logic [15:0]  eo_sa,
    input  logic [7:0]   eo_status,
    input  logic         dd_valid,
    output logic         dd_ready,
    input  logic [511:0] dd_data,
    input  logic         dd_last,
    input  logic [7:0]   dd_job,
    input  logic [15:0]  dd_len,
    input  logic [15:0]  dd_sa,
    input  logic [7:0]   dd_status,
    output logic         count_valid,
    output logic [7:0]   count_status
);

  espalier_pkg::reg_rsp_t reg_rsp;
  espalier_pkg::rd_req_t  rd_req;
  espalier_pkg::wr_req_t  wr_req;
  espalier_pkg::esp_in_t  ei, di;

  assign reg_rvalid = reg_rsp.valid;
  assign reg_rerror = reg_rsp.error;
  assign reg_rdata  = reg_rsp.data;
  assign req_addr   = rd_req.addr;
  assign req_len    = rd_req.len;
  assign req_ctx    = rd_req.ctx;
  assign wr_addr    = wr_req.addr;
  assign wr_len     = wr_req.len;
  assign {ei_job, ei_len, ei_sa, ei_status} = ei;
  assign {di_job, di_len, di_sa, di_status} = di;

  dma i_dma (
      .clk, .rst, .enable, .stop, .idle,
      .reg_req({reg_valid, reg_write, reg_addr, reg_wdata, reg_strb}), .reg_rsp,
      .rd_req_valid(req_valid), .rd_req_ready(req_ready), .rd_req,
      .rd_rsp_valid(rsp_valid), .rd_rsp_ready(rsp_ready),
      .rd_rsp({rsp_ctx, rsp_offset, rsp_count, rsp_start, rsp_done, rsp_status, rsp_data}),
      .m_axis_wr_tvalid(wr_valid), .m_axis_wr_tready(wr_ready), .m_axis_wr_tdata(wr_data), .m_axis_wr_tlast(wr_last),
      .m_axis_wr_tuser(wr_req),
      .irq_valid, .irq_ready, .irq_vector,
      .m_axis_encap_tvalid(ei_valid), .m_axis_encap_tready(ei_ready), .m_axis_encap_tdata(ei_data), .m_axis_encap_tlast(ei_last),
      .m_axis_encap_tuser(ei),
      .m_axis_decap_tvalid(di_valid), .m_axis_decap_tready(di_ready), .m_axis_decap_tdata(di_data), .m_axis_decap_tlast(di_last),
      .m_axis_decap_tuser(di),
      .s_axis_encap_tvalid(eo_valid), .s_axis_encap_tready(eo_ready), .s_axis_encap_tdata(eo_data), .s_axis_encap_tlast(eo_last),
      .s_axis_encap_tuser({eo_job, eo_len, eo_sa, eo_status}),
      .s_axis_decap_tvalid(dd_valid), .s_axis_decap_tready(dd_ready), .s_axis_decap_tdata(dd_data), .s_axis_decap_tlast(dd_last),
      .s_axis_decap_tuser({dd_job, dd_len, dd_sa, dd_status}),
      .count_valid, .count_status
  );

endmodule

`default_nettype wire
