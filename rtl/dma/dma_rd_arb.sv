// SPDX-License-Identifier: Apache-2.0
// One stream of reads from three: descriptor fetches first (they are rare), then the two directions in turn. Tells where a packet goes as its
// read is taken. Latency 1 cycle, one read a cycle.
`default_nettype none

module dma_rd_arb import espalier_pkg::*; #(
    parameter int unsigned ROW_W = 10  // bits of a packet buffer row
) (
    input  logic             clk,
    input  logic             rst,
    input  logic             desc_valid,
    output logic             desc_ready,
    input  rd_req_t          desc,
    input  logic             encap_valid,
    output logic             encap_ready,
    input  rd_req_t          encap,
    input  logic [ROW_W-1:0] encap_row,
    input  logic             decap_valid,
    output logic             decap_ready,
    input  rd_req_t          decap,
    input  logic [ROW_W-1:0] decap_row,
    output logic             base_valid,
    output logic [JOB_W-1:0] base_job,
    output logic [ROW_W-1:0] base_row,
    output logic             rd_req_valid,
    input  logic             rd_req_ready,
    output rd_req_t          rd_req
);

  logic    valid_q, decap_turn_q, free;
  rd_req_t req_q;

  assign free        = !valid_q || rd_req_ready;
  assign desc_ready  = free;
  assign encap_ready = free && !desc_valid && !(decap_valid && decap_turn_q);
  assign decap_ready = free && !desc_valid && !(encap_valid && !decap_turn_q);

  always_ff @(posedge clk) begin
    if (rst) begin
      valid_q      <= 1'b0;
      decap_turn_q <= 1'b0;
    end else if (free) begin
      valid_q <= desc_valid || encap_valid || decap_valid;
      if (encap_valid && encap_ready) decap_turn_q <= 1'b1;
      else if (decap_valid && decap_ready) decap_turn_q <= 1'b0;
    end
    if (free) begin
      if (desc_valid) req_q <= desc;
      else if (encap_valid && encap_ready) req_q <= encap;
      else if (decap_valid) req_q <= decap;
    end
  end

  assign base_valid   = (encap_valid && encap_ready) || (decap_valid && decap_ready);
  assign base_job     = (encap_valid && encap_ready) ? encap.ctx[JOB_W-1:0] : decap.ctx[JOB_W-1:0];
  assign base_row     = (encap_valid && encap_ready) ? encap_row : decap_row;
  assign rd_req_valid = valid_q;
  assign rd_req       = req_q;

endmodule

`default_nettype wire
