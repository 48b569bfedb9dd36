// SPDX-License-Identifier: Apache-2.0
// The job numbers that are free, and the table of what the write side must know of each job. Table read latency 1.
// The caller takes a number only when dma_regs has granted room; so one is always there.
`default_nettype none

module dma_jobs import espalier_pkg::*, dma_pkg::*; (
    input  logic             clk,
    input  logic             rst,
    output logic [JOB_W-1:0] free_job,   // the next number
    input  logic             take,       // it is used; `job` is stored under it
    input  job_t             job,
    input  logic             give,       // give_job is free again
    input  logic [JOB_W-1:0] give_job,
    input  logic             rd_en,
    input  logic [JOB_W-1:0] rd_job,
    output job_t             rd_data
);

  index_alloc #(
      .N(JOBS)
  ) i_numbers (
      .clk       (clk),
      .rst       (rst),
      .valid     (),
      .index     (free_job),
      .take      (take),
      .free_valid(give),
      .free_index(give_job)
  );

  ram_sdp #(
      .WIDTH($bits(job)),
      .DEPTH(JOBS),
      .OLD_WORD(1'b0)
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

endmodule

`default_nettype wire
