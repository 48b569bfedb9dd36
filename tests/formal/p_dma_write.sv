// SPDX-License-Identifier: Apache-2.0
// proof dma_write: pdr
// No completion is lost between dma_write and dma_completions: none comes in the cycle in which a write of completions is taken, none while one of
// them must be written first, and each write is told once (the assertions of both; a_apart says the first in this file's words).
`default_nettype none

module p_dma_write (
    input logic                   clk,
    input logic                   rst,
    input logic                   encap_info_valid,
    input espalier_pkg::esp_out_t encap_info,
    input logic                   encap_data_valid,
    input logic                   decap_info_valid,
    input espalier_pkg::esp_out_t decap_info,
    input logic                   decap_data_valid,
    input dma_pkg::job_t          job,
    input logic [63:0]            addr,
    input logic                   m_axis_wr_tready
);
  logic                             encap_info_ready, decap_info_ready, encap_data_ready, decap_data_ready, job_rd_en, free_valid, count_valid, m_axis_wr_tvalid, m_axis_wr_tlast;
  logic [espalier_pkg::JOB_W-1:0]   job_rd, free_job;
  logic [dma_pkg::QUEUES-1:0][63:0] cqe_addr;
  dma_pkg::queue_event_t            cqe_alloc, cqe_done;
  logic [7:0]                       count_status;
  logic [511:0]                     m_axis_wr_tdata;
  espalier_pkg::wr_req_t            m_axis_wr_tuser;
  assign cqe_addr = {dma_pkg::QUEUES{addr}};

  p_reset u_reset (.*);
  dma_write u_dut (.*, .encap_data('0), .decap_data('0), .cqe_phase('0), .sq_head('0));

  always_comb begin
    m_once : assume (rst == !u_reset.begun_q);
    m_len : assume ((encap_info.status != espalier_regs_pkg::STATUS_OK || encap_info.len != '0) && (decap_info.status != espalier_regs_pkg::STATUS_OK || decap_info.len != '0));
    // dma_out_fifo gives a packet's beats without a gap; dma_queue gives a queue's places one after the other.
    m_data : assume (!u_dut.data_q || u_dut.data_valid);
    m_next : assume (!u_dut.add || u_dut.i_completions.count_q[u_dut.next.qid] == '0 || u_dut.next.cqe_addr ==
                     u_dut.i_completions.addr_q[u_dut.next.qid] + {58'd0, u_dut.i_completions.count_q[u_dut.next.qid], 4'd0});
  end

  always_ff @(posedge clk) begin
    if (!rst) a_apart : assert (!(u_dut.add && u_dut.take_cqe));
  end
endmodule

`default_nettype wire
