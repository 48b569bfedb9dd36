// SPDX-License-Identifier: Apache-2.0
// proof dma_validate: bmc 6
// A descriptor that passes names memory that is all there: neither buffer is empty or wraps around, the result fits into the capacity.
`default_nettype none

module p_dma_validate (
    input logic                        clk,
    input logic                        rst,
    input logic                        desc_valid,
    input logic [dma_pkg::QUEUE_W-1:0] desc_queue,
    input dma_pkg::descriptor_t        desc,
    input logic [espalier_pkg::JOB_W-1:0]   job_free
);
  logic                      job_valid, job_decap;
  dma_pkg::job_t             job;
  dma_pkg::read_job_t        read_job;
  p_reset u_reset (.*);
  dma_validate u_dut (.*);

  dma_pkg::descriptor_t        d;
  logic [dma_pkg::QUEUE_W-1:0] queue_q;
  logic                        due_q;
  logic [64:0]                 src_end, dst_end;
  logic [17:0]                 result;
  always_ff @(posedge clk) begin
    due_q   <= desc_valid && !rst;
    queue_q <= desc_queue;
    if (desc_valid) d <= desc;
  end
  assign src_end = {1'b0, d.src} + 65'(d.src_len);
  assign dst_end = {1'b0, d.dst} + 65'(d.dst_capacity);
  // RFC 4303: 20 outer header, 8 SPI and number, 8 IV, packet, padding with its length and next header to 4 bytes, 16 ICV.
  assign result  = job_decap ? 18'(d.src_len) : 18'd52 + 18'(d.src_len) + 18'd2 + ((18'd2 - 18'(d.src_len)) & 18'd3);
  always_ff @(posedge clk) begin
    if (!rst) begin
      a_each_once : assert (job_valid == due_q);
      if (job_valid) begin
        a_same : assert (job.qid == queue_q && job.cookie == d.cookie && read_job.src == d.src && read_job.len == d.src_len &&
                         read_job.sa == d.sa && job.capacity == d.dst_capacity && read_job.job == job_free);
        if (read_job.status == espalier_regs_pkg::STATUS_OK) begin
          a_source : assert (d.src != '0 && d.src_len != '0 && d.src_len <= (job_decap ? 16'd9656 : 16'd9600) && src_end <= {1'b1, 64'd0});
          a_target : assert (d.dst != '0 && job.dst_line == d.dst[63:6] && d.dst[5:0] == '0 && dst_end <= {1'b1, 64'd0});
          a_fits : assert (result <= 18'(d.dst_capacity));
          a_opcode : assert (d.flags == '0 && (d.opcode == espalier_regs_pkg::OPCODE_ENCAP || (job_decap && d.sa == '0)));
        end
      end
    end
  end
endmodule

`default_nettype wire
