// SPDX-License-Identifier: Apache-2.0
// proof dma_rd_arb: pdr
// Each read that is taken leaves once, next and unchanged; the output waits as it stands; with no descriptor read in the way a direction lets the
// other go first once at most; the packet's row is told with the packet's own job.
`default_nettype none

module p_dma_rd_arb (
    input logic                  clk,
    input logic                  rst,
    input logic                  desc_valid,
    input logic                  encap_valid,
    input logic                  decap_valid,
    input espalier_pkg::rd_req_t desc,
    input espalier_pkg::rd_req_t encap,
    input espalier_pkg::rd_req_t decap,
    input logic [9:0]            encap_row,
    input logic [9:0]            decap_row,
    input logic                  rd_req_ready
);
  logic                      desc_ready, encap_ready, decap_ready, base_valid, rd_req_valid;
  logic [espalier_pkg::JOB_W-1:0] base_job;
  logic [9:0]                base_row;
  espalier_pkg::rd_req_t     rd_req;

  p_reset u_reset (.*);
  dma_rd_arb u_dut (.*);

  logic d, e, c, due_q, stall_q;
  logic [1:0] passed_q;  // decapsulation waits: reads of encapsulation that went first
  espalier_pkg::rd_req_t want_q, held_q;
  assign d = desc_valid && desc_ready;
  assign e = encap_valid && encap_ready;
  assign c = decap_valid && decap_ready;
  always_ff @(posedge clk) begin
    due_q   <= !rst && (d || e || c || (due_q && !rd_req_ready));
    stall_q <= !rst && rd_req_valid && !rd_req_ready;
    held_q  <= rd_req;
    if (d) want_q <= desc;
    if (e) want_q <= encap;
    if (c) want_q <= decap;
    if (rst || !decap_valid || c || d) passed_q <= '0;
    else if (e) passed_q <= passed_q + 2'd1;
    if (!rst) begin
      a_one : assert (32'(d) + 32'(e) + 32'(c) <= 32'd1);
      a_room : assert (!(d || e || c) || !due_q || rd_req_ready);
      a_next : assert (rd_req_valid == due_q && (!due_q || rd_req == want_q));
      a_stable : assert (!stall_q || (rd_req_valid && rd_req == held_q));
      a_turn : assert (passed_q <= 2'd1);
      a_base : assert (base_valid == (e || c) && (!e || (base_row == encap_row && base_job == encap.ctx[espalier_pkg::JOB_W-1:0])) &&
                       (!c || (base_row == decap_row && base_job == decap.ctx[espalier_pkg::JOB_W-1:0])));
    end
  end
endmodule

`default_nettype wire
