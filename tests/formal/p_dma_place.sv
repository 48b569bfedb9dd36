// SPDX-License-Identifier: Apache-2.0
// proof dma_place: bmc 7
// One byte of an answer, any one, is written at its offset from the base of its read, to its buffer and no other, and nothing else of the beat is
// written beside it. The pipeline is 3 cycles long and has no state but the bases.
`default_nettype none

module p_dma_place (
    input logic                      clk,
    input logic                      rst,
    input logic                      base_valid,
    input logic [espalier_pkg::JOB_W-1:0] base_job,
    input logic [5:0]                base_row,
    input logic                      rd_rsp_valid,
    input espalier_pkg::rd_rsp_t     rd_rsp,
    input logic [5:0]                nth
);
  logic                      rd_rsp_ready, wr_desc, wr_encap, wr_decap, done_desc, done_encap, done_decap;
  logic [5:0]                wr_row;
  logic [63:0]               wr_low, wr_high;
  logic [511:0]              wr_data;
  logic [espalier_pkg::JOB_W-1:0] done_id;
  logic [7:0]                done_status;

  p_reset u_reset (.*);
  dma_place #(.ROW_W(6)) u_dut (.*);

  always_comb begin
    m_lanes : assume (8'(rd_rsp.start) + 8'(rd_rsp.count) <= 8'd64);
    m_base : assume (!base_valid || base_job != rd_rsp.ctx[espalier_pkg::JOB_W-1:0] || !rd_rsp_valid);
  end

  // Job 0's base, as it was told; the nth byte of the beat.
  logic [5:0]  base_q;
  logic        known_q, v_q[1:3], done_q[1:3];
  logic [15:0] at_q[1:3], count_q[1:3];
  logic [7:0]  byte_q[1:3];
  logic [5:0]  row_q[1:3];
  logic [7:0]  to_q[1:3];  // buffer
  always_ff @(posedge clk) begin
    if (base_valid && base_job == '0) base_q <= base_row;
    known_q <= !rst && (known_q || (base_valid && base_job == '0));
    v_q[1]    <= !rst && rd_rsp_valid && 7'(nth) < rd_rsp.count && !rd_rsp.ctx[15] && rd_rsp.ctx[7:0] == '0 && known_q;
    at_q[1]   <= rd_rsp.offset + 16'(nth);
    count_q[1] <= 16'(rd_rsp.count);
    done_q[1] <= rd_rsp.done;
    byte_q[1] <= rd_rsp.data[8*(rd_rsp.start+nth)+:8];
    row_q[1]  <= base_q;
    to_q[1]   <= 8'(rd_rsp.ctx[14]);
    for (int unsigned i = 2; i < 4; i++) begin
      v_q[i]     <= v_q[i-1] && !rst;
      at_q[i]    <= at_q[i-1];
      count_q[i] <= count_q[i-1];
      done_q[i]  <= done_q[i-1];
      byte_q[i]  <= byte_q[i-1];
      row_q[i]   <= row_q[i-1];
      to_q[i]    <= to_q[i-1];
    end
  end

  logic [5:0] lane, row;
  logic       low;
  assign lane = at_q[3][5:0];
  assign row  = row_q[3] + at_q[3][11:6];
  assign low  = row == wr_row;
  always_ff @(posedge clk) begin
    if (!rst && v_q[3]) begin
      a_buffer : assert (!wr_desc && wr_encap == !to_q[3][0] && wr_decap == to_q[3][0]);
      a_row : assert (low || row == wr_row + 6'd1);
      a_lane : assert (low ? wr_low[lane] : wr_high[lane]);
      a_byte : assert (wr_data[8*lane+:8] == byte_q[3]);
      a_number : assert (16'($countones(wr_low)) + 16'($countones(wr_high)) == count_q[3]);
      a_done : assert (done_encap == (wr_encap && done_q[3]) && done_decap == (wr_decap && done_q[3]));
    end
  end
endmodule

`default_nettype wire
