// SPDX-License-Identifier: Apache-2.0
// proof dma_completions: bmc 14
// The completions of a queue are told once each, in order, with their own job and status, and each stands at its own address in a write that was
// taken before.
`default_nettype none

module p_dma_completions (
    input logic                        clk,
    input logic                        rst,
    input logic                        s_valid,
    input logic [dma_pkg::QUEUE_W-1:0] s_qid,
    input logic [7:0]                  place,
    input logic [espalier_pkg::JOB_W-1:0]   s_job,
    input logic [7:0]                  s_status,
    input logic                        ready,
    input logic                        m_written
);
  logic                       hold, offer, take;
  logic [63:0]                s_addr, m_addr;
  logic [15:0]                m_len;
  logic [511:0]               m_data;
  dma_pkg::completion_t       s_completion;
  dma_pkg::queue_event_t      done;
  logic [espalier_pkg::JOB_W-1:0]  done_job;
  logic [7:0]                 done_status;
  always_comb begin
    s_completion        = '0;
    s_completion.status = s_status;
    s_completion.cookie = 64'(s_job);
  end

  p_reset u_reset (.*);
  dma_completions #(.WAIT(3)) u_dut (.*);

  // Queue 0 is watched; its places follow one another in a ring of 64.
  logic [5:0] next_q, written_q;
  logic       busy_q;
  logic [2:0] left_q;
  logic       push;
  assign push   = s_valid && s_qid == '0;
  assign take   = offer && ready;
  assign s_addr = (s_qid == '0) ? {54'd1, next_q, 4'd0} : {52'd2, place, 4'd0};
  always_comb begin
    m_once : assume (rst == !u_reset.begun_q);
    // dma_write adds none while it waits for a write or takes one.
    m_hold : assume (!s_valid || (!hold && !take));
    m_others : assume (!s_valid || s_qid == '0 || u_dut.count_q[s_qid] == '0 || s_addr == u_dut.addr_q[s_qid] + {58'd0, u_dut.count_q[s_qid], 4'd0});
    m_taken : assume (!m_written || (busy_q && left_q == '0));
  end

  always_ff @(posedge clk) begin
    if (rst) begin
      next_q    <= '0;
      written_q <= '0;
      busy_q    <= 1'b0;
      left_q    <= '0;
    end else begin
      if (push) next_q <= next_q + 6'd1;
      if (take) busy_q <= 1'b1;
      if (take && m_addr[63:10] == 54'd1) written_q <= written_q + 6'(m_len[15:4]);
      if (m_written) left_q <= 3'd1;
      if (m_written) busy_q <= 1'b0;
      if (left_q != '0 && !u_dut.busy_q) left_q <= '0;
    end
    if (!rst) begin
      a_place : assert (!(take && m_addr[63:10] == 54'd1) || m_addr[9:4] == written_q);
      a_block : assert (!take || 32'(m_addr[6:0]) + 32'(m_len) <= 32'd128);
      a_some : assert (!take || (m_len != '0 && m_len <= 16'd48));
    end
  end

  p_stream #(.WIDTH(16), .HOLDS(31), .LATENCY(0)) u_told (
      .clk, .rst, .watch(place[0]), .s_valid(push), .s_ready(1'b1), .s_data({s_job, s_status}),
      .m_valid(done.valid && done.qid == '0), .m_ready(1'b1), .m_data({done_job, done_status})
  );
endmodule

`default_nettype wire
