// SPDX-License-Identifier: Apache-2.0
// The requester side of the PCIe boundary, wired: reads, writes and MSI-X messages of the card on RQ and RC. Only wiring; see the parts.
// An interrupt overtakes no write whose last beat was accepted (s_axis_wr_*) before the cycle of irq_valid. A fence is done when no completion
// that enters the block from then on can overtake a write accepted before the fence was asked for.
`default_nettype none

module pcie_dma import espalier_pkg::*, pcie_pkg::*; #(
    parameter int unsigned TAGS            = 256,  // read requests outstanding
    parameter int unsigned READS           = 256,  // reads outstanding
    parameter int unsigned COMPLETION_BLOCKS  = 512,  // see pcie_space
    parameter int unsigned COMPLETION_HEADERS = 128,
    parameter int unsigned QUARANTINE_LOG2 = 24,  // see pcie_read
    parameter int unsigned LOST_LOG2       = 16   // see pcie_order
) (
    input  logic         clk,
    input  logic         rst,
    // configuration, from the block
    input  logic [1:0]   cfg_max_payload,
    input  logic [2:0]   cfg_max_read_req,
    input  logic         cfg_rcb_status,
    input  logic         extended_tags,
    input  logic         stop,           // see pcie_function
    output logic         idle,           // no request outstanding, no write under way
    output logic         quiet,          // and no tag in quarantine
    input  logic         cfg_msix_enable,
    input  logic         cfg_msix_mask,
    // requester requests
    output logic         m_axis_rq_tvalid,
    input  logic         m_axis_rq_tready,
    output logic [511:0] m_axis_rq_tdata,
    output logic [15:0]  m_axis_rq_tkeep,
    output logic [136:0] m_axis_rq_tuser,
    output logic         m_axis_rq_tlast,
    input  logic [5:0]   pcie_rq_seq_num0,
    input  logic         pcie_rq_seq_num_vld0,
    input  logic [5:0]   pcie_rq_seq_num1,
    input  logic         pcie_rq_seq_num_vld1,
    // requester completions
    input  logic         s_axis_rc_tvalid,
    output logic         s_axis_rc_tready,
    input  logic [511:0] s_axis_rc_tdata,
    input  logic [15:0]  s_axis_rc_tkeep,
    input  logic [160:0] s_axis_rc_tuser,
    input  logic         s_axis_rc_tlast,
    // host memory reads
    input  logic         rd_req_valid,
    output logic         rd_req_ready,
    input  rd_req_t      rd_req,
    output logic         rd_rsp_valid,
    input  logic         rd_rsp_ready,
    output rd_rsp_t      rd_rsp,
    // host memory writes
    input  logic         s_axis_wr_tvalid,
    output logic         s_axis_wr_tready,
    input  logic [511:0] s_axis_wr_tdata,
    input  logic         s_axis_wr_tlast,
    input  wr_req_t      s_axis_wr_tuser,
    // interrupts, and the MSI-X registers
    input  logic         irq_valid,
    input  logic [7:0]   irq_vector,
    input  reg_req_t     msix_req,
    output reg_rsp_t     msix_rsp,
    // from and to pcie_regs
    input  logic         fence_ask,
    output logic         fence_done,
    // to and from csr
    input  logic [31:0]  dma_timeout,   // cycles
    output logic         unexpected     // a cycle for each unexpected completion
);

  logic       mrd_valid, mrd_ready;
  mrd_t       mrd;
  logic [1:0] reads_left, writes_sent, writes_dropped;
  logic       read_dropped, reads_none, reads_back, writes_none;
  assign idle  = reads_none && writes_none && !m_axis_rq_tvalid;
  assign quiet = reads_back && writes_none && !m_axis_rq_tvalid;
  pcie_read #(
      .TAGS              (TAGS),
      .READS             (READS),
      .COMPLETION_BLOCKS (COMPLETION_BLOCKS),
      .COMPLETION_HEADERS(COMPLETION_HEADERS),
      .QUARANTINE_LOG2   (QUARANTINE_LOG2)
  ) u_read (
      .clk             (clk),
      .rst             (rst),
      .cfg_max_read_req(cfg_max_read_req),
      .cfg_rcb_status  (cfg_rcb_status),
      .extended_tags   (extended_tags),
      .stop            (stop),
      .none            (reads_none),
      .all_back        (reads_back),
      .dma_timeout     (dma_timeout),
      .rd_req_valid    (rd_req_valid),
      .rd_req_ready    (rd_req_ready),
      .rd_req          (rd_req),
      .rd_rsp_valid    (rd_rsp_valid),
      .rd_rsp_ready    (rd_rsp_ready),
      .rd_rsp          (rd_rsp),
      .mrd_valid       (mrd_valid),
      .mrd_ready       (mrd_ready),
      .mrd             (mrd),
      .reads_left      (reads_left),
      .read_dropped    (read_dropped),
      .s_axis_rc_tvalid(s_axis_rc_tvalid),
      .s_axis_rc_tready(s_axis_rc_tready),
      .s_axis_rc_tdata (s_axis_rc_tdata),
      .s_axis_rc_tuser (s_axis_rc_tuser),
      .unexpected      (unexpected)
  );

  logic         msi_tvalid, msi_tready, msi_tlast;
  logic [511:0] msi_tdata;
  wr_req_t      msi_tuser;
  msix u_msix (
      .clk            (clk),
      .rst            (rst),
      .stop           (stop),
      .cfg_msix_enable(cfg_msix_enable),
      .cfg_msix_mask  (cfg_msix_mask),
      .reg_req        (msix_req),
      .reg_rsp        (msix_rsp),
      .irq_valid      (irq_valid),
      .irq_vector     (irq_vector),
      .m_axis_tvalid  (msi_tvalid),
      .m_axis_tready  (msi_tready),
      .m_axis_tdata   (msi_tdata),
      .m_axis_tlast   (msi_tlast),
      .m_axis_tuser   (msi_tuser)
  );

  logic         wr_tvalid, wr_tready, wr_tlast;
  logic [511:0] wr_tdata;
  wr_req_t      wr_tuser;
  pcie_wr_mux u_mux (
      .clk           (clk),
      .rst           (rst),
      .s0_axis_tvalid(s_axis_wr_tvalid),
      .s0_axis_tready(s_axis_wr_tready),
      .s0_axis_tdata (s_axis_wr_tdata),
      .s0_axis_tlast (s_axis_wr_tlast),
      .s0_axis_tuser (s_axis_wr_tuser),
      .s1_axis_tvalid(msi_tvalid),
      .s1_axis_tready(msi_tready),
      .s1_axis_tdata (msi_tdata),
      .s1_axis_tlast (msi_tlast),
      .s1_axis_tuser (msi_tuser),
      .m_axis_tvalid (wr_tvalid),
      .m_axis_tready (wr_tready),
      .m_axis_tdata  (wr_tdata),
      .m_axis_tlast  (wr_tlast),
      .m_axis_tuser  (wr_tuser)
  );

  logic         tlp_valid, tlp_ready, merge;
  logic [511:0] tlp_data;
  rq_beat_t     tlp_beat;
  pcie_write u_write (
      .clk            (clk),
      .rst            (rst),
      .cfg_max_payload(cfg_max_payload),
      .s_axis_tvalid  (wr_tvalid),
      .s_axis_tready  (wr_tready),
      .s_axis_tdata   (wr_tdata),
      .s_axis_tlast   (wr_tlast),
      .s_axis_tuser   (wr_tuser),
      .merge          (merge),
      .m_valid        (tlp_valid),
      .m_ready        (tlp_ready),
      .m_data         (tlp_data),
      .m_beat         (tlp_beat)
  );

  pcie_rq u_rq (
      .clk             (clk),
      .rst             (rst),
      .stop            (stop),
      .mrd_valid       (mrd_valid),
      .mrd_ready       (mrd_ready),
      .mrd             (mrd),
      .merge           (merge),
      .s_valid         (tlp_valid),
      .s_ready         (tlp_ready),
      .s_data          (tlp_data),
      .s_beat          (tlp_beat),
      .m_axis_rq_tvalid(m_axis_rq_tvalid),
      .m_axis_rq_tready(m_axis_rq_tready),
      .m_axis_rq_tdata (m_axis_rq_tdata),
      .m_axis_rq_tkeep (m_axis_rq_tkeep),
      .m_axis_rq_tuser (m_axis_rq_tuser),
      .m_axis_rq_tlast (m_axis_rq_tlast),
      .writes_sent     (writes_sent),
      .writes_dropped  (writes_dropped),
      .read_dropped    (read_dropped),
      .reads_left      (reads_left)
  );

  pcie_order #(
      .LOST_LOG2(LOST_LOG2)
  ) u_order (
      .clk         (clk),
      .rst         (rst),
      .stop        (stop),
      .accept      (wr_tvalid && wr_tready && wr_tlast),
      .message     (msi_tvalid),
      .seq_num0    (pcie_rq_seq_num0),
      .seq_num_vld0(pcie_rq_seq_num_vld0),
      .seq_num1    (pcie_rq_seq_num1),
      .seq_num_vld1(pcie_rq_seq_num_vld1),
      .sent        (writes_sent),
      .dropped     (writes_dropped),
      .empty       (writes_none),
      .ask         (fence_ask),
      .done        (fence_done)
  );

  // RC is straddled: its beats are told apart by tuser alone.

endmodule

`default_nettype wire
