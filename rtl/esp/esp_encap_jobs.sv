// SPDX-License-Identifier: Apache-2.0
// Encapsulation's records between the front end and the framer, in order, as fifo_sync; and the drop of those of an SA that is deleted.
// A record may wait here for as long as the host takes nothing. So that its SA need not wait with it, `drop` looks at a place a cycle and
// marks the records of that SA; such a record comes out as NO_SA, and its number is used for nothing. One that the framer has begun stays.
`default_nettype none

module esp_encap_jobs import espalier_regs_pkg::*, espalier_pkg::*, esp_pkg::*, sa_pkg::*; (
    input  logic       clk,
    input  logic       rst,
    input  logic       s_valid,
    output logic       s_ready,
    input  encap_job_t s_job,
    output logic       m_valid,
    input  logic       m_ready,
    input  logic       m_begun,
    output encap_job_t m_job,
    input  drop_req_t  drop
);

  localparam int unsigned DEPTH   = 32;
  localparam int unsigned PLACE_W = $clog2(DEPTH);

  encap_job_t       head;
  logic [PLACE_W:0] count;

  fifo_sync #(
      .WIDTH($bits(s_job)),
      .DEPTH(DEPTH)
  ) u_jobs (
      .clk,
      .rst,
      .s_valid,
      .s_ready,
      .s_data(s_job),
      .m_valid,
      .m_ready,
      .m_data(head),
      .count
  );

  // ---- the same places again: the SA of each, and whether it is dropped. A place that is not in use is never marked --------------
  logic               push, pop, hit;
  logic [PLACE_W-1:0] wplace_q, rplace_q, next_place, look_q;
  logic               looked_q;             // every place was looked at
  logic [DEPTH-1:0]   dropped_q;
  logic               head_dropped_q, here, behind;
  logic [SA_W-1:0]    sa_mem[0:DEPTH-1];

  assign push       = s_valid && s_ready;
  assign pop        = m_valid && m_ready;
  assign next_place = rplace_q + 1'b1;
  // look - rplace counts the places in front of it: it is in use when there are more records than that.
  assign hit        = drop.valid && !looked_q && sa_mem[look_q] == drop.sa && {1'b0, PLACE_W'(look_q - rplace_q)} < count;

  esp_encap_marks #(.DEPTH(DEPTH)) u_marks (.marks(dropped_q), .place(rplace_q), .here, .behind);

  always_ff @(posedge clk) begin
    if (push) sa_mem[wplace_q] <= s_job.sa;
    if (rst) begin
      wplace_q       <= '0;
      rplace_q       <= '0;
      look_q         <= '0;
      looked_q       <= 1'b0;
      dropped_q      <= '0;
      head_dropped_q <= 1'b0;
    end else begin
      if (push) wplace_q <= wplace_q + 1'b1;
      if (pop) rplace_q <= next_place;
      look_q   <= drop.valid ? look_q + 1'b1 : '0;
      looked_q <= drop.valid && (looked_q || &look_q);
      if (hit) dropped_q[look_q] <= 1'b1;
      if (pop) dropped_q[rplace_q] <= 1'b0;
      if (pop) head_dropped_q <= behind;
      else if (!m_begun) head_dropped_q <= here;
    end
  end

  always_comb begin
    m_job = head;
    if (head_dropped_q) begin
      m_job.ok     = 1'b0;
      m_job.sa     = '1;
      m_job.status = STATUS_NO_SA;
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst) a_unused : assert (!push || !dropped_q[wplace_q]) else $error("esp_encap_jobs: a new record is dropped already");
  end
`endif

endmodule

`default_nettype wire
