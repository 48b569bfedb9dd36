// SPDX-License-Identifier: Apache-2.0
// The card: only wiring. docs/architecture.md is this file as a picture.
//
//   control   cq/cc <-> pcie_regs <-> csr -> sa_manager -> engines        (and register buses to dma and msix)
//   data      rc -> pcie_dma -> dma -> engine_encap | engine_decap -> dma -> pcie_dma -> rq
//
// The ports are the user side of the AMD UltraScale+ PCIE4 integrated block (PG213): 512-bit, RQ and RC straddled, dword-aligned,
// client tags.
// One clock, 250 MHz; rst is the block's user_reset, synchronous. A function level reset comes by cfg_flr_in_process, the block goes on living.
`default_nettype none

module card import espalier_regs_pkg::*, espalier_pkg::*, sa_pkg::*; #(
    parameter int unsigned LANES      = 4,    // 128-bit lanes of each engine: 1, 2 or 4
    parameter int unsigned SA_ENTRIES = 4096, // SAs a direction; a power of two
    parameter int unsigned TAGS       = 256,  // read requests outstanding
    parameter int unsigned COMPLETION_BLOCKS  = 512,  // the block's buffer for completions: 64-byte blocks,
    parameter int unsigned COMPLETION_HEADERS = 128,  // and completions (PG213 "Completion Space")
    parameter int unsigned DEFAULT_TIMEOUT = 2_500_000,  // cycles of a read, where Device Control 2 names no range (pcie_cfg)
    parameter int unsigned QUARANTINE_LOG2 = 24, // cycles, beyond the read timeout, until a lost read's tag is used again (pcie_read)
    parameter int unsigned LOST_LOG2       = 16  // cycles, until a write that the block dropped is given up (pcie_order)
) (
    input  logic         clk,
    input  logic         rst,

    // completer requests and completions: the host's register accesses
    input  logic         s_axis_cq_tvalid,
    output logic         s_axis_cq_tready,
    input  logic [511:0] s_axis_cq_tdata,
    input  logic [15:0]  s_axis_cq_tkeep,
    input  logic [182:0] s_axis_cq_tuser,
    input  logic         s_axis_cq_tlast,
    output logic         m_axis_cc_tvalid,
    input  logic         m_axis_cc_tready,
    output logic [511:0] m_axis_cc_tdata,
    output logic [15:0]  m_axis_cc_tkeep,
    output logic [80:0]  m_axis_cc_tuser,
    output logic         m_axis_cc_tlast,

    // requester requests and completions: the card's accesses to host memory
    output logic         m_axis_rq_tvalid,
    input  logic         m_axis_rq_tready,
    output logic [511:0] m_axis_rq_tdata,
    output logic [15:0]  m_axis_rq_tkeep,
    output logic [136:0] m_axis_rq_tuser,
    output logic         m_axis_rq_tlast,
    // how far its requests have come
    input  logic [5:0]   pcie_rq_seq_num0,
    input  logic         pcie_rq_seq_num_vld0,
    input  logic [5:0]   pcie_rq_seq_num1,
    input  logic         pcie_rq_seq_num_vld1,
    input  logic         s_axis_rc_tvalid,
    output logic         s_axis_rc_tready,
    input  logic [511:0] s_axis_rc_tdata,
    input  logic [15:0]  s_axis_rc_tkeep,
    input  logic [160:0] s_axis_rc_tuser,
    input  logic         s_axis_rc_tlast,

    // configuration, from the block
    input  logic [1:0]   cfg_max_payload,
    input  logic [2:0]   cfg_max_read_req,
    input  logic         cfg_rcb_status,
    input  logic         cfg_bus_master_enable,
    input  logic         cfg_flr_in_process,
    output logic         cfg_flr_done,
    output logic [9:0]   cfg_mgmt_addr,
    output logic [7:0]   cfg_mgmt_function_number,
    output logic         cfg_mgmt_read,
    input  logic [31:0]  cfg_mgmt_read_data,
    input  logic         cfg_mgmt_read_write_done,
    input  logic         cfg_msix_enable,
    input  logic         cfg_msix_mask
);

  localparam int unsigned QUEUES = 32'(REG_QUEUE_COUNT_MAX);
  localparam int unsigned W      = 128 * LANES;

  // ---- control: register accesses ------------------------------------------------------------------------------------
  reg_req_t    reg_req, dma_reg_req, msix_reg_req;
  reg_rsp_t    reg_rsp, dma_reg_rsp, msix_reg_rsp;
  logic        ready, fn_rst, stop, regs_idle, pcie_idle, pcie_quiet, dma_idle;
  logic        access_error, unexpected_completion, fence_ask, fence_done, extended_tags;
  logic        count_valid;
  logic [7:0]  count_status;
  logic [31:0] dma_timeout, cfg_timeout;

  pcie_regs u_pcie_regs (
      .clk, .rst(fn_rst),
      .s_axis_cq_tvalid, .s_axis_cq_tready, .s_axis_cq_tdata, .s_axis_cq_tkeep, .s_axis_cq_tuser, .s_axis_cq_tlast,
      .m_axis_cc_tvalid, .m_axis_cc_tready, .m_axis_cc_tdata, .m_axis_cc_tkeep, .m_axis_cc_tuser, .m_axis_cc_tlast,
      .reg_req, .reg_rsp, .access_error, .fence_ask, .fence_done, .idle(regs_idle)
  );

  // The function's reset, and when it works: the block's reset is only the first of it.
  pcie_function u_function (
      .clk, .rst, .bus_master(cfg_bus_master_enable), .flr(cfg_flr_in_process), .flr_done(cfg_flr_done),
      .idle(dma_idle && pcie_idle), .quiet(dma_idle && pcie_quiet && regs_idle), .ready(ready), .stop, .fn_rst
  );

  pcie_cfg #(.DEFAULT_TIMEOUT(DEFAULT_TIMEOUT)) u_pcie_cfg (
      .clk, .rst, .cfg_mgmt_addr, .cfg_mgmt_function_number, .cfg_mgmt_read, .cfg_mgmt_read_data, .cfg_mgmt_read_write_done,
      .extended_tags, .timeout(cfg_timeout)
  );

  logic        sa_cmd_valid, sa_cmd_ready, sa_rsp_valid;
  sa_cmd_t     sa_cmd;
  sa_rsp_t     sa_rsp;
  logic [31:0] sa_out_count, sa_in_count;

  csr #(.LANES(LANES), .SA_ENTRIES(SA_ENTRIES), .QUEUES(QUEUES)) u_csr (
      .clk, .rst(fn_rst),
      .reg_req, .reg_rsp, .access_error,
      .dma_req(dma_reg_req), .dma_rsp(dma_reg_rsp), .msix_req(msix_reg_req), .msix_rsp(msix_reg_rsp),
      .sa_cmd_valid, .sa_cmd_ready, .sa_cmd, .sa_rsp_valid, .sa_rsp, .sa_out_count, .sa_in_count,
      .ready, .bus_master(cfg_bus_master_enable), .unexpected_completion, .count_valid, .count_status, .cfg_timeout, .dma_timeout
  );

  // ---- control: security associations ----------------------------------------------------------------------------------
  key_wr_t     out_key_wr, in_key_wr;
  out_ctx_wr_t out_ctx_wr;
  in_ctx_wr_t  in_ctx_wr;
  seq_req_t    out_seq_req, in_seq_req;
  seq_rsp_t    out_seq_rsp, in_seq_rsp;
  drop_req_t   out_drop;
  logic        out_epoch, in_epoch;
  logic [1:0]  out_inflight_zero, in_inflight_zero;
  lookup_req_t lookup_req;
  lookup_rsp_t lookup_rsp;

  sa_manager #(.SA_ENTRIES(SA_ENTRIES)) u_sa_manager (
      .clk, .rst(fn_rst),
      .cmd_valid(sa_cmd_valid), .cmd_ready(sa_cmd_ready), .cmd(sa_cmd), .rsp_valid(sa_rsp_valid), .rsp(sa_rsp),
      .ready, .out_count(sa_out_count), .in_count(sa_in_count),
      .out_key_wr, .out_ctx_wr, .out_seq_req, .out_seq_rsp, .out_drop, .out_epoch, .out_inflight_zero,
      .in_key_wr, .in_ctx_wr, .in_seq_req, .in_seq_rsp, .in_epoch, .in_inflight_zero, .lookup_req, .lookup_rsp
  );

  // ---- data: host memory ---------------------------------------------------------------------------------------------
  logic         rd_req_valid, rd_req_ready, rd_rsp_valid, rd_rsp_ready;
  rd_req_t      rd_req;
  rd_rsp_t      rd_rsp;
  logic         wr_tvalid, wr_tready, wr_tlast;
  logic [511:0] wr_tdata;
  wr_req_t      wr_tuser;
  logic         irq_valid;
  logic [7:0]   irq_vector;

  pcie_dma #(
      .TAGS(TAGS), .COMPLETION_BLOCKS(COMPLETION_BLOCKS), .COMPLETION_HEADERS(COMPLETION_HEADERS), .QUARANTINE_LOG2(QUARANTINE_LOG2),
      .LOST_LOG2(LOST_LOG2)
  ) u_pcie_dma (
      .clk, .rst(fn_rst),
      .cfg_max_payload, .cfg_max_read_req, .cfg_rcb_status, .extended_tags, .stop, .idle(pcie_idle), .quiet(pcie_quiet), .cfg_msix_enable, .cfg_msix_mask,
      .m_axis_rq_tvalid, .m_axis_rq_tready, .m_axis_rq_tdata, .m_axis_rq_tkeep, .m_axis_rq_tuser, .m_axis_rq_tlast,
      .pcie_rq_seq_num0, .pcie_rq_seq_num_vld0, .pcie_rq_seq_num1, .pcie_rq_seq_num_vld1, .fence_ask, .fence_done,
      .s_axis_rc_tvalid, .s_axis_rc_tready, .s_axis_rc_tdata, .s_axis_rc_tkeep, .s_axis_rc_tuser, .s_axis_rc_tlast,
      .rd_req_valid, .rd_req_ready, .rd_req, .rd_rsp_valid, .rd_rsp_ready, .rd_rsp,
      .s_axis_wr_tvalid(wr_tvalid), .s_axis_wr_tready(wr_tready), .s_axis_wr_tdata(wr_tdata), .s_axis_wr_tlast(wr_tlast),
      .s_axis_wr_tuser(wr_tuser),
      .irq_valid, .irq_vector, .msix_req(msix_reg_req), .msix_rsp(msix_reg_rsp),
      .dma_timeout, .unexpected(unexpected_completion)
  );

  // ---- data: rings and jobs. Streams to and from the engines, 512 bits: e encapsulation, d decapsulation -------------------
  logic         e_in_tvalid, e_in_tready, e_in_tlast, d_in_tvalid, d_in_tready, d_in_tlast;
  logic [511:0] e_in_tdata, d_in_tdata;
  esp_in_t      e_in_tuser, d_in_tuser;
  logic         e_out_tvalid, e_out_tready, e_out_tlast, d_out_tvalid, d_out_tready, d_out_tlast;
  logic [511:0] e_out_tdata, d_out_tdata;
  esp_out_t     e_out_tuser, d_out_tuser;

  dma u_dma (
      .clk, .rst(fn_rst), .enable(ready), .stop, .idle(dma_idle),
      .reg_req(dma_reg_req), .reg_rsp(dma_reg_rsp),
      .rd_req_valid, .rd_req_ready, .rd_req, .rd_rsp_valid, .rd_rsp_ready, .rd_rsp,
      .m_axis_wr_tvalid(wr_tvalid), .m_axis_wr_tready(wr_tready), .m_axis_wr_tdata(wr_tdata), .m_axis_wr_tlast(wr_tlast),
      .m_axis_wr_tuser(wr_tuser),
      .irq_valid, .irq_ready(1'b1), .irq_vector,
      .m_axis_encap_tvalid(e_in_tvalid), .m_axis_encap_tready(e_in_tready), .m_axis_encap_tdata(e_in_tdata),
      .m_axis_encap_tlast(e_in_tlast), .m_axis_encap_tuser(e_in_tuser),
      .m_axis_decap_tvalid(d_in_tvalid), .m_axis_decap_tready(d_in_tready), .m_axis_decap_tdata(d_in_tdata),
      .m_axis_decap_tlast(d_in_tlast), .m_axis_decap_tuser(d_in_tuser),
      .s_axis_encap_tvalid(e_out_tvalid), .s_axis_encap_tready(e_out_tready), .s_axis_encap_tdata(e_out_tdata),
      .s_axis_encap_tlast(e_out_tlast), .s_axis_encap_tuser(e_out_tuser),
      .s_axis_decap_tvalid(d_out_tvalid), .s_axis_decap_tready(d_out_tready), .s_axis_decap_tdata(d_out_tdata),
      .s_axis_decap_tlast(d_out_tlast), .s_axis_decap_tuser(d_out_tuser),
      .count_valid, .count_status
  );

  // ---- data: the engines, W bits; the adapters are wires at LANES = 4 ---------------------------------------------------
  logic         en_tvalid, en_tready, en_tlast, dn_tvalid, dn_tready, dn_tlast;
  logic [W-1:0] en_tdata, dn_tdata;
  esp_in_t      en_tuser, dn_tuser;
  logic         ew_tvalid, ew_tready, ew_tlast, dw_tvalid, dw_tready, dw_tlast;
  logic [W-1:0] ew_tdata, dw_tdata;
  esp_out_t     ew_tuser, dw_tuser;

  // A job that failed before its engine is one beat, whatever its length was to be.
  logic [LEN_W-1:0] e_in_len, d_in_len;
  assign e_in_len = (e_in_tuser.status == STATUS_OK) ? e_in_tuser.len : '0;
  assign d_in_len = (d_in_tuser.status == STATUS_OK) ? d_in_tuser.len : '0;

  axis_narrow #(.IN_W(512), .OUT_W(W), .USER_W($bits(e_in_tuser))) u_encap_narrow (
      .clk, .rst(fn_rst),
      .s_axis_tvalid(e_in_tvalid), .s_axis_tready(e_in_tready), .s_axis_tdata(e_in_tdata), .s_axis_tlast(e_in_tlast),
      .s_axis_tlen(e_in_len), .s_axis_tuser(e_in_tuser),
      .m_axis_tvalid(en_tvalid), .m_axis_tready(en_tready), .m_axis_tdata(en_tdata), .m_axis_tlast(en_tlast), .m_axis_tuser(en_tuser)
  );

  engine_encap #(.LANES(LANES), .SA_ENTRIES(SA_ENTRIES)) u_engine_encap (
      .clk, .rst(fn_rst), .enable(ready),
      .s_axis_tvalid(en_tvalid), .s_axis_tready(en_tready), .s_axis_tdata(en_tdata), .s_axis_tlast(en_tlast), .s_axis_tuser(en_tuser),
      .m_axis_tvalid(ew_tvalid), .m_axis_tready(ew_tready), .m_axis_tdata(ew_tdata), .m_axis_tlast(ew_tlast), .m_axis_tuser(ew_tuser),
      .key_wr(out_key_wr), .ctx_wr(out_ctx_wr), .seq_req(out_seq_req), .seq_rsp(out_seq_rsp),
      .drop(out_drop), .epoch(out_epoch), .inflight_zero(out_inflight_zero)
  );

  axis_widen #(.IN_W(W), .OUT_W(512), .USER_W($bits(ew_tuser))) u_encap_widen (
      .clk, .rst(fn_rst),
      .s_axis_tvalid(ew_tvalid), .s_axis_tready(ew_tready), .s_axis_tdata(ew_tdata), .s_axis_tlast(ew_tlast), .s_axis_tuser(ew_tuser),
      .m_axis_tvalid(e_out_tvalid), .m_axis_tready(e_out_tready), .m_axis_tdata(e_out_tdata), .m_axis_tlast(e_out_tlast),
      .m_axis_tuser(e_out_tuser)
  );

  axis_narrow #(.IN_W(512), .OUT_W(W), .USER_W($bits(d_in_tuser))) u_decap_narrow (
      .clk, .rst(fn_rst),
      .s_axis_tvalid(d_in_tvalid), .s_axis_tready(d_in_tready), .s_axis_tdata(d_in_tdata), .s_axis_tlast(d_in_tlast),
      .s_axis_tlen(d_in_len), .s_axis_tuser(d_in_tuser),
      .m_axis_tvalid(dn_tvalid), .m_axis_tready(dn_tready), .m_axis_tdata(dn_tdata), .m_axis_tlast(dn_tlast), .m_axis_tuser(dn_tuser)
  );

  engine_decap #(.LANES(LANES), .SA_ENTRIES(SA_ENTRIES)) u_engine_decap (
      .clk, .rst(fn_rst), .enable(ready),
      .s_axis_tvalid(dn_tvalid), .s_axis_tready(dn_tready), .s_axis_tdata(dn_tdata), .s_axis_tlast(dn_tlast), .s_axis_tuser(dn_tuser),
      .m_axis_tvalid(dw_tvalid), .m_axis_tready(dw_tready), .m_axis_tdata(dw_tdata), .m_axis_tlast(dw_tlast), .m_axis_tuser(dw_tuser),
      .key_wr(in_key_wr), .ctx_wr(in_ctx_wr), .seq_req(in_seq_req), .seq_rsp(in_seq_rsp),
      .epoch(in_epoch), .inflight_zero(in_inflight_zero), .lookup_req, .lookup_rsp
  );

  axis_widen #(.IN_W(W), .OUT_W(512), .USER_W($bits(dw_tuser))) u_decap_widen (
      .clk, .rst(fn_rst),
      .s_axis_tvalid(dw_tvalid), .s_axis_tready(dw_tready), .s_axis_tdata(dw_tdata), .s_axis_tlast(dw_tlast), .s_axis_tuser(dw_tuser),
      .m_axis_tvalid(d_out_tvalid), .m_axis_tready(d_out_tready), .m_axis_tdata(d_out_tdata), .m_axis_tlast(d_out_tlast),
      .m_axis_tuser(d_out_tuser)
  );

endmodule

`default_nettype wire
