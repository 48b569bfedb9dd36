// SPDX-License-Identifier: Apache-2.0
// proof dma_queue: bmc 20
// Whatever the host writes, and whenever: every descriptor fetched has its place in the completion ring (an assertion of the cell), no
// more are fetched than were submitted, and the queue stays active until each of them has completed.
`default_nettype none

module p_dma_queue (
    input logic                        clk,
    input logic                        rst,
    input logic                        stop,
    input logic                        reg_valid,
    input logic                        reg_write,
    input logic [5:0]                  reg_offset,
    input logic [31:0]                 reg_wdata,
    input logic                        issue,
    input logic [dma_pkg::BATCH_W-1:0] issue_count,
    input logic                        consumed,
    input logic                        drop,
    input logic [dma_pkg::BATCH_W-1:0] drop_count,
    input logic                        fail,
    input logic [7:0]                  fail_status,
    input logic                        cqe_alloc,
    input logic                        cqe_done,
    input logic                        irq_ready
);
  logic [31:0]                 reg_rdata;
  logic                        reg_error, active, error, cqe_phase, irq_valid;
  logic [dma_pkg::USED_W-1:0]  used;
  logic [dma_pkg::BATCH_W-1:0] fetch_count;
  logic [63:0]                 fetch_addr, cqe_addr;
  logic [15:0]                 sq_head;
  logic [7:0]                  irq_vector;

  p_reset u_reset (.*);
  dma_queue u_dut (.*);

  // Where descriptors are: fetched, become jobs, in a completion that has its place. dma_fetch decides at most every 4th cycle, on counts
  // that were there one cycle before as they are now.
  logic [dma_pkg::USED_W-1:0]  fetched_q, jobs_q, placed_q;
  logic [dma_pkg::BATCH_W-1:0] count_q, dropped_q;  // what is dropped holds its places for a cycle more
  logic [2:0]                  settle_q;
  logic                        accessed_q;
  always_comb begin
    m_issue : assume (!issue || (settle_q == '0 && issue_count == count_q && fetch_count != '0 && issue_count != '0 &&
                                 32'(used) + 32'(issue_count) <= dma_pkg::JOBS));
    m_spaced : assume (!reg_valid || !accessed_q);
    m_consumed : assume (!consumed || (fetched_q != '0 && !drop));
    m_drop : assume (!drop || (drop_count != '0 && 32'(drop_count) <= 32'(fetched_q) && fail == !error));
    m_alloc : assume (!cqe_alloc || jobs_q != '0);
    m_done : assume (!cqe_done || placed_q != '0);
  end

  always_ff @(posedge clk) begin
    count_q    <= fetch_count;
    dropped_q  <= (drop && !rst) ? drop_count : '0;
    accessed_q <= reg_valid && !rst;
    if (rst) begin
      fetched_q <= '0;
      jobs_q    <= '0;
      placed_q  <= '0;
      settle_q  <= '0;
    end else begin
      fetched_q <= fetched_q + (issue ? 9'(issue_count) : '0) - 9'(consumed) - (drop ? 9'(drop_count) : '0);
      jobs_q    <= jobs_q + 9'(consumed) - 9'(cqe_alloc);
      placed_q  <= placed_q + 9'(cqe_alloc) - 9'(cqe_done);
      settle_q  <= issue ? 3'd3 : settle_q - 3'(settle_q != '0);
    end
    if (!rst) begin
      a_used : assert (10'(used) == 10'(fetched_q) + 10'(jobs_q) + 10'(placed_q) + 10'(dropped_q));
      a_active : assert (active || (fetched_q == '0 && jobs_q == '0 && placed_q == '0));
      a_submitted : assert (!active || error || 16'(u_dut.fetched_q - u_dut.sq_head_q) == 16'(fetched_q));
      a_placed : assert (!active || 16'(u_dut.cq_next_q - u_dut.cq_tail_q) == 16'(placed_q));
    end
  end
endmodule

`default_nettype wire
