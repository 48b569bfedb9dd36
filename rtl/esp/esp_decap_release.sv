// SPDX-License-Identifier: Apache-2.0
// The release buffer: holds decrypted payload until the verdict, then sends the packet, or one beat of zeros in its place.
//
// Beats are written in packet order at wptr, verified or not. The reader only moves on a verdict: it reads the beats of a packet whose
// status is OK, and for any other packet it adds the packet's beats to its base without reading one. From then on no pointer reaches that
// plaintext: the reader never goes back, and the writer overwrites the place in its next round. So a rollback needs no erasure.
//
// Each beat bears the number of its job. From one on that is not of the packet in hand nothing leaves any more until reset: a status cannot be
// taken back, so the packet never ends (the driver finds a card that hangs and resets it).
// Latency 5 cycles from the verdict to the first beat; a beat a cycle, also across packets. Bytes behind len in the last beat are zero.
// The engine lets a packet in only with room for all of its beats (BUF_BEATS), and returns the room by done.
`default_nettype none

module esp_decap_release import espalier_regs_pkg::*, espalier_pkg::*, esp_decap_pkg::*; #(
    parameter int unsigned LANES     = 4,   // 128-bit lanes: 1, 2, 4
    parameter int unsigned BUF_BEATS = 512  // beats of the buffer; a power of two
) (
    input  logic                 clk,
    input  logic                 rst,
    input  logic                 buf_valid,
    input  logic [128*LANES-1:0] buf_data,
    input  logic [JOB_W-1:0]     buf_job,
    input  logic                 verdict_valid,
    input  verdict_t             verdict,

    output logic                 m_axis_tvalid,
    input  logic                 m_axis_tready,
    output logic [128*LANES-1:0] m_axis_tdata,
    output logic                 m_axis_tlast,
    output esp_out_t             m_axis_tuser,

    output logic                 done,          // a packet has left the buffer; it held:
    output logic [BEATS_W-1:0]   done_in_beats
);

  localparam int unsigned BEAT_LOG2 = $clog2(16 * LANES);
  localparam int unsigned PTR_W     = $clog2(BUF_BEATS);
  localparam int unsigned DEPTH     = DECAP_PACKETS;
  localparam int unsigned OUT_DEPTH = 16;  // beats between the buffer and the output
  localparam int unsigned OUT_W     = $clog2(OUT_DEPTH) + 1;

  // ---- verdicts in waiting ------------------------------------------------------------------------------------------------------
  verdict_t             head;
  logic                 queue_ready, head_valid, head_done;

  fifo_head #(
      .WIDTH($bits(head)),
      .DEPTH(DEPTH)
  ) u_queue (
      .clk,
      .rst,
      .s_valid(verdict_valid),
      .s_ready(queue_ready),
      .s_data(verdict),
      .m_valid(head_valid),
      .m_ready(head_done),
      .m_data(head)
  );

  // ---- reader -----------------------------------------------------------------------------------------------------------------------
  logic [PTR_W-1:0]   wptr_q, base_q;    // base: first beat of the packet at the head
  logic [BEATS_W-1:0] number_q;          // beat of the packet
  logic [OUT_W-1:0]   room_q;            // places of the output FIFO not yet spoken for
  logic               ok, issue, last;

  assign ok        = head.ok && head.verified;
  assign last      = !ok || number_q == BEATS_W'(head.last_byte >> BEAT_LOG2);
  assign issue     = head_valid && room_q != '0;
  assign head_done = issue && last;

  always_ff @(posedge clk) begin
    if (rst) begin
      wptr_q   <= '0;
      base_q   <= '0;
      number_q <= '0;
      room_q   <= OUT_W'(OUT_DEPTH);
      done     <= 1'b0;
    end else begin
      if (buf_valid) wptr_q <= wptr_q + PTR_W'(1);
      if (head_done) base_q <= base_q + PTR_W'(head.buf_beats);
      if (issue) number_q <= last ? '0 : number_q + BEATS_W'(1);
      room_q <= room_q - OUT_W'(issue) + OUT_W'(m_axis_tvalid && m_axis_tready);
      done   <= head_done;
    end
    if (head_done) done_in_beats <= head.in_beats;
  end

  logic [16*LANES-1:0][7:0] rd_data;
  logic [JOB_W-1:0]     rd_job;

  ram_sdp #(
      .WIDTH(JOB_W + 128 * LANES),
      .DEPTH(BUF_BEATS),
      .READ_LATENCY(2),
      .OLD_WORD(1'b0),
      .STYLE("block")
  ) u_buffer (
      .clk,
      .wr_en(buf_valid),
      .wr_addr(wptr_q),
      .wr_strb(1'b1),
      .wr_data({buf_job, buf_data}),
      .rd_en(issue && ok),
      .rd_addr(base_q + PTR_W'(number_q)),
      .rd_data({rd_job, rd_data})
  );

  // ---- the beat's sideband, beside the memory; then the mask ---------------------------------------------------------------------------
  esp_out_t             issue_user;
  logic                 valid1_q, valid2_q, valid3_q;
  esp_out_t             user1_q, user2_q, user3_q;
  logic                 wrong2, halted_q;  // the beat read is of another packet; one was
  logic                 last1_q, last2_q, last3_q, ok1_q, ok2_q;
  logic [BEAT_LOG2-1:0] end1_q;           // last byte that counts
  logic [16*LANES-1:0]  keep2_q;          // bytes up to it; none of an error packet
  logic [16*LANES-1:0][7:0] data3_q;

  assign wrong2 = valid2_q && ok2_q && rd_job != user2_q.job;
  assign issue_user.job    = head.job;
  assign issue_user.len    = ok ? head.last_byte + 16'd1 : '0;
  assign issue_user.sa     = head.sa;
  assign issue_user.status = head.status;

  always_ff @(posedge clk) begin
    if (rst) begin
      valid1_q <= 1'b0;
      valid2_q <= 1'b0;
      valid3_q <= 1'b0;
      halted_q <= 1'b0;
    end else begin
      valid1_q <= issue;
      valid2_q <= valid1_q;
      valid3_q <= valid2_q && !wrong2 && !halted_q;
      if (wrong2) halted_q <= 1'b1;
    end
    if (issue) begin
      user1_q <= issue_user;
      last1_q <= last;
      ok1_q   <= ok;
      end1_q  <= last ? head.last_byte[BEAT_LOG2-1:0] : '1;
    end
    if (valid1_q) begin
      user2_q <= user1_q;
      last2_q <= last1_q;
      ok2_q   <= ok1_q;
      keep2_q <= ok1_q ? ~({(16*LANES){1'b1}} << end1_q << 1) : '0;
    end
    if (valid2_q) begin
      user3_q <= user2_q;
      last3_q <= last2_q;
      for (int unsigned i = 0; i < 16 * LANES; i++) data3_q[i] <= keep2_q[i] ? rd_data[i] : 8'd0;
    end
  end

  logic             out_ready;

  fifo_sync #(
      .WIDTH(1 + $bits(m_axis_tuser) + 128 * LANES),
      .DEPTH(OUT_DEPTH)
  ) u_out (
      .clk,
      .rst,
      .s_valid(valid3_q),
      .s_ready(out_ready),
      .s_data({last3_q, user3_q, data3_q}),
      .m_valid(m_axis_tvalid),
      .m_ready(m_axis_tready),
      .m_data({m_axis_tlast, m_axis_tuser, m_axis_tdata}),
      .count()
  );

`ifndef SYNTHESIS
  logic [31:0] held_q;  // beats written and not yet given up
  always_ff @(posedge clk) begin
    if (rst) held_q <= '0;
    else held_q <= held_q + 32'(buf_valid) - (head_done ? 32'(head.buf_beats) : 32'd0);
    if (!rst) begin
      a_verified : assert (!(issue && ok) || head.verified) else $error("esp_decap_release: release before the ICV is verified");
      a_there : assert (!(issue && ok) || 32'(number_q) < held_q) else $error("esp_decap_release: reads a beat that is not there");
      a_room : assert (held_q <= 32'(BUF_BEATS)) else $error("esp_decap_release: buffer overflow");
      a_queue : assert (!verdict_valid || queue_ready) else $error("esp_decap_release: verdict FIFO overflow");
      a_out : assert (!valid3_q || out_ready) else $error("esp_decap_release: output FIFO overflow");
      a_error_zero : assert (!m_axis_tvalid || m_axis_tuser.status == STATUS_OK || m_axis_tdata == '0)
      else $error("esp_decap_release: data beside an error");
    end
  end
`endif

endmodule

`default_nettype wire
