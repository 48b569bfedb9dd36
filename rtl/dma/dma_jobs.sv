// SPDX-License-Identifier: Apache-2.0
// The job numbers that are free, and the table of what the write side must know of each job. After reset the numbers 0, 1, 2, ... are handed
// out once; from then on those that come back, oldest first, so that no memory needs to be filled. Table read latency 1.
// The caller takes a number only when dma_regs has granted room; so one is always there.
`default_nettype none

module dma_jobs (
    input  logic                      clk,
    input  logic                      rst,
    output logic [dma_pkg::JOB_W-1:0] free_job,   // the next number
    input  logic                      take,       // it is used; `job` is stored under it
    input  dma_pkg::job_t             job,
    input  logic                      give,       // give_job is free again
    input  logic [dma_pkg::JOB_W-1:0] give_job,
    input  logic                      rd_en,
    input  logic [dma_pkg::JOB_W-1:0] rd_job,
    output dma_pkg::job_t             rd_data
);

  localparam int unsigned JOB_W = dma_pkg::JOB_W;

  logic [JOB_W:0]   fresh_q;  // numbers handed out the first time; the top bit: all of them
  logic             back_valid, back_room;
  logic [JOB_W-1:0] back_job;

  assign free_job = fresh_q[JOB_W] ? back_job : fresh_q[JOB_W-1:0];

  always_ff @(posedge clk) begin
    if (rst) fresh_q <= '0;
    else if (take && !fresh_q[JOB_W]) fresh_q <= fresh_q + 1'b1;
  end

  logic [$clog2(dma_pkg::JOBS):0] unused_back_count;
  fifo_sync #(
      .WIDTH(JOB_W),
      .DEPTH(dma_pkg::JOBS)
  ) i_back (
      .clk    (clk),
      .rst    (rst),
      .s_valid(give),
      .s_ready(back_room),
      .s_data (give_job),
      .m_valid(back_valid),
      .m_ready(take && fresh_q[JOB_W]),
      .m_data (back_job),
      .count  (unused_back_count)
  );

  ram_sdp #(
      .WIDTH(dma_pkg::JOB_T_W),
      .DEPTH(dma_pkg::JOBS)
  ) i_table (
      .clk    (clk),
      .wr_en  (take),
      .wr_addr(free_job),
      .wr_strb(1'b1),
      .wr_data(job),
      .rd_en  (rd_en),
      .rd_addr(rd_job),
      .rd_data(rd_data)
  );

`ifndef SYNTHESIS
  // No number is used twice, none comes back that was not out.
  logic [dma_pkg::JOBS-1:0] out_q;
  always_ff @(posedge clk) begin
    if (rst) out_q <= '0;
    else begin
      if (take) begin
        assert (!fresh_q[JOB_W] || back_valid);
        assert (!out_q[free_job]);
        out_q[free_job] <= 1'b1;
      end
      if (give) begin
        assert (back_room);
        assert (out_q[give_job]);
        out_q[give_job] <= 1'b0;
      end
    end
  end
`endif

endmodule

`default_nettype wire
