// SPDX-License-Identifier: Apache-2.0
// A card for tests: the PCIe boundary and the register block of the real one, and instead of rings and engines a copy engine, so that
// rtl/pcie meets the simulator's hard block and root complex. Ports as rtl/card.sv.
// Registers at 0x2000: 0x0 SRC (64 bits), 0x8 DST (64 bits, 64-byte aligned), 0x10 LEN (1 to 4096), 0x14 GO, 0x18 STATE (bit 0 busy, bits
// 15:8 status of the read). A copy reads LEN bytes as reads of up to CHUNK bytes, all at once, writes them, and raises vector 0.
`default_nettype none

module card #(
    parameter int unsigned CHUNK = 512  // bytes of a read request to rtl/pcie
) (
    input  logic         clk,
    input  logic         rst,
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

  espalier_pkg::reg_req_t reg_req, dma_req, msix_req;
  espalier_pkg::reg_rsp_t reg_rsp, dma_rsp, msix_rsp;
  espalier_pkg::rd_req_t  rd_req;
  espalier_pkg::rd_rsp_t  rd_rsp;
  espalier_pkg::wr_req_t  wr_req;
  logic                   fn_rst, stop, regs_idle, pcie_idle, pcie_quiet;
  logic                   access_error, unexpected, fence_ask, fence_done, extended_tags;
  logic [31:0]            dma_timeout, cfg_timeout;
  logic                   rd_req_valid, rd_req_ready, rd_rsp_valid, wr_valid, wr_ready, wr_last, irq_q;
  logic [511:0]           wr_data;

  pcie_regs u_regs (
      .clk, .rst(fn_rst),
      .s_axis_cq_tvalid, .s_axis_cq_tready, .s_axis_cq_tdata, .s_axis_cq_tkeep, .s_axis_cq_tuser, .s_axis_cq_tlast,
      .m_axis_cc_tvalid, .m_axis_cc_tready, .m_axis_cc_tdata, .m_axis_cc_tkeep, .m_axis_cc_tuser, .m_axis_cc_tlast,
      .reg_req, .reg_rsp, .access_error, .fence_ask, .fence_done, .idle(regs_idle)
  );

  // The function's reset, and when it works: the block's reset is only the first of it.
  pcie_function u_function (
      .clk, .rst, .bus_master(cfg_bus_master_enable), .flr(cfg_flr_in_process), .flr_done(cfg_flr_done),
      .idle(!busy_q && pcie_idle), .quiet(!busy_q && pcie_quiet && regs_idle), .ready(1'b1), .stop, .fn_rst
  );

  pcie_cfg u_pcie_cfg (
      .clk, .rst, .cfg_mgmt_addr, .cfg_mgmt_function_number, .cfg_mgmt_read, .cfg_mgmt_read_data, .cfg_mgmt_read_write_done,
      .extended_tags, .timeout(cfg_timeout)
  );

  csr u_csr (
      .clk, .rst(fn_rst), .reg_req, .reg_rsp, .access_error, .dma_req, .dma_rsp, .msix_req, .msix_rsp,
      .sa_cmd_valid(), .sa_cmd_ready(1'b0), .sa_cmd(), .sa_rsp_valid(1'b0), .sa_rsp('0), .sa_out_count('0), .sa_in_count('0),
      .ready(1'b1), .bus_master(cfg_bus_master_enable), .unexpected_completion(unexpected), .count_valid(1'b0), .count_status('0),
      .cfg_timeout, .dma_timeout
  );

  pcie_dma u_dma (
      .clk, .rst(fn_rst),
      .cfg_max_payload, .cfg_max_read_req, .cfg_rcb_status, .extended_tags, .stop, .idle(pcie_idle), .quiet(pcie_quiet), .cfg_msix_enable, .cfg_msix_mask,
      .m_axis_rq_tvalid, .m_axis_rq_tready, .m_axis_rq_tdata, .m_axis_rq_tkeep, .m_axis_rq_tuser, .m_axis_rq_tlast,
      .pcie_rq_seq_num0, .pcie_rq_seq_num_vld0, .pcie_rq_seq_num1, .pcie_rq_seq_num_vld1, .fence_ask, .fence_done,
      .s_axis_rc_tvalid, .s_axis_rc_tready, .s_axis_rc_tdata, .s_axis_rc_tkeep, .s_axis_rc_tuser, .s_axis_rc_tlast,
      .rd_req_valid, .rd_req_ready, .rd_req, .rd_rsp_valid, .rd_rsp_ready(1'b1), .rd_rsp,
      .s_axis_wr_tvalid(wr_valid), .s_axis_wr_tready(wr_ready), .s_axis_wr_tdata(wr_data), .s_axis_wr_tlast(wr_last),
      .s_axis_wr_tuser(wr_req), .irq_valid(irq_q), .irq_vector(8'd0), .msix_req, .msix_rsp, .dma_timeout, .unexpected
  );

  // ---- registers -------------------------------------------------------------------------------------------------------
  logic [31:0] regs_q [0:7];
  logic        busy_q;
  logic [7:0]  status_q;
  logic        go;
  assign go = dma_req.valid && dma_req.write && (dma_req.addr[7:0] == 8'h14);

  always_ff @(posedge clk) begin
    if (dma_req.valid && dma_req.write) regs_q[dma_req.addr[4:2]] <= dma_req.data;
    dma_rsp.valid <= dma_req.valid && !fn_rst;
    dma_rsp.error <= 1'b0;
    dma_rsp.data  <= (dma_req.addr[4:2] == 3'd6) ? {16'd0, status_q, 7'd0, busy_q} : regs_q[dma_req.addr[4:2]];
  end

  // ---- copy engine -----------------------------------------------------------------------------------------------------
  logic [7:0]  buffer_q [0:4095];
  logic [15:0] len, asked_q, sent_q, left;
  logic [15:0] open_q;             // reads without done
  logic        writing_q;
  assign len  = regs_q[4][15:0];
  assign left = len - asked_q;

  assign rd_req_valid = busy_q && !writing_q && (asked_q < len);
  assign rd_req.addr  = {regs_q[1], regs_q[0]} + 64'(asked_q);
  assign rd_req.len   = (left < 16'(CHUNK)) ? left : 16'(CHUNK);
  assign rd_req.ctx   = asked_q;

  assign wr_valid    = writing_q;
  assign wr_req.addr = {regs_q[3], regs_q[2]};
  assign wr_req.len  = len;
  assign wr_last     = sent_q + 16'd64 >= len;
  always_comb begin
    for (int i = 0; i < 64; i++) wr_data[8*i+:8] = buffer_q[12'(sent_q) + 12'(i)];
  end

  always_ff @(posedge clk) begin
    irq_q <= 1'b0;
    if (fn_rst) begin
      busy_q    <= 1'b0;
      writing_q <= 1'b0;
    end else if (go) begin
      busy_q    <= 1'b1;
      writing_q <= 1'b0;
      asked_q   <= '0;
      sent_q    <= '0;
      open_q    <= '0;
      status_q  <= '0;
    end else if (busy_q) begin
      if (rd_req_valid && rd_req_ready) asked_q <= asked_q + rd_req.len;
      open_q <= open_q + 16'(rd_req_valid && rd_req_ready) - 16'(rd_rsp_valid && rd_rsp.done);
      if (rd_rsp_valid) begin
        for (int i = 0; i < 64; i++)
          if (i < 32'(rd_rsp.count)) buffer_q[12'(rd_rsp.ctx + rd_rsp.offset) + 12'(i)] <= rd_rsp.data[8*(32'(rd_rsp.start)+i)+:8];
        if (rd_rsp.done && (rd_rsp.status != '0)) status_q <= rd_rsp.status;
      end
      if (!writing_q && (asked_q == len) && (open_q == '0)) begin
        if (status_q != '0) busy_q <= 1'b0;
        else writing_q <= 1'b1;
      end
      if (wr_valid && wr_ready) begin
        sent_q <= sent_q + 16'd64;
        if (wr_last) begin
          busy_q    <= 1'b0;
          writing_q <= 1'b0;
          irq_q     <= 1'b1;
        end
      end
    end
  end

endmodule

`default_nettype wire
