// SPDX-License-Identifier: Apache-2.0
// Joins, in packet order and by the number of the job that each bears, what is known of a packet: its record (info), the computed and the
// received ICV, and the trailer's findings; and gives the verdict. A right ICV, and nothing else, starts the update of the replay state; that check may still refuse the packet
// (RFC 4303, 3.4.3). The order of the statuses: front end, ICV_MISMATCH, REPLAY_*, trailer.
// Latency about 10 cycles behind the tag. Null tokens and packets with a wrong ICV pass one a cycle, the others one in two cycles (the
// replay update's rate; no shorter than the shortest packet with an inner header at LANES = 4).
// Every FIFO holds as many entries as packets are let into the engine, so none overflows.
`default_nettype none

module esp_decap_verdict import espalier_regs_pkg::*, espalier_pkg::*, esp_decap_pkg::*; (
    input  logic            clk,
    input  logic            rst,

    input  logic            enter_valid,     // packets entering the cipher
    input  info_t           enter_info,
    input  logic            received_valid,     // received ICVs, byte string
    input  logic [127:0]    received_icv,
    input  logic [JOB_W-1:0] received_job,
    input  logic            tag_valid,     // tags from gcm_engine
    input  logic            tag_null,
    input  logic [127:0]    tag,
    input  logic [JOB_W-1:0] tag_job,
    input  logic            parsed_valid,     // trailer
    input  trailer_t        parsed_trailer,

    // replay's update port
    output logic            update_valid,
    output logic            update_verified,
    output logic [SA_W-1:0] update_sa,
    output logic [63:0]     update_seq,
    output logic [7:0]      update_window,
    input  logic [1:0]      update_verdict,

    output logic            m_valid,
    output verdict_t        m_verdict
);

  localparam int unsigned DEPTH = DECAP_PACKETS;

  logic                 info_ready, icv_ready, compared_ready, trailer_ready;
  logic                 info_valid, icv_valid, compared_valid, trailer_valid;
  info_t                info, info_q;        // _q: of the packet that is judged
  trailer_t             trailer, trailer_q;
  logic [7:0][15:0]     icv;
  logic [JOB_W-1:0]     icv_job;
  logic                 pop;

  // ---- tag against received ICV ---------------------------------------------------------------------------------------------------
  logic         tag_valid_q, tag_null_q, compare_valid_q, compare_null_q;
  logic [7:0][15:0] tag_q;
  logic [7:0]   differ_q;      // one a 16 bits
  logic         compare_mixed_q;   // the ICV is of another job, or not there
  logic         compared_null, compared_equal, compared_mixed;
  logic [7:0]   tag_job_q, compare_job_q, compared_job;

  always_ff @(posedge clk) begin
    if (rst) begin
      tag_valid_q   <= 1'b0;
      compare_valid_q <= 1'b0;
    end else begin
      tag_valid_q   <= tag_valid;
      compare_valid_q <= tag_valid_q;
    end
    if (tag_valid) begin
      tag_null_q <= tag_null;
      tag_q  <= tag;
      tag_job_q  <= tag_job;
    end
    if (tag_valid_q) begin
      compare_null_q <= tag_null_q;
      compare_job_q  <= tag_job_q;
      compare_mixed_q <= !tag_null_q && (tag_job_q != icv_job || !icv_valid);
      for (int unsigned i = 0; i < 8; i++) differ_q[i] <= tag_q[i] != icv[i];
    end
  end

  fifo_sync #(
      .WIDTH(JOB_W + 128),
      .DEPTH(DEPTH),
      .BLOCK_RAM(1'b1)
  ) u_icv (
      .clk,
      .rst,
      .s_valid(received_valid),
      .s_ready(icv_ready),
      .s_data({received_job, received_icv}),
      .m_valid(icv_valid),
      .m_ready(tag_valid_q && !tag_null_q),
      .m_data({icv_job, icv}),
      .count()
  );

  fifo_sync #(
      .WIDTH(JOB_W + 3),
      .DEPTH(DEPTH)
  ) u_compared (
      .clk,
      .rst,
      .s_valid(compare_valid_q),
      .s_ready(compared_ready),
      .s_data({compare_job_q, compare_mixed_q, compare_null_q, differ_q == '0}),
      .m_valid(compared_valid),
      .m_ready(pop),
      .m_data({compared_job, compared_mixed, compared_null, compared_equal}),
      .count()
  );

  fifo_sync #(
      .WIDTH($bits(info)),
      .DEPTH(DEPTH),
      .BLOCK_RAM(1'b1)
  ) u_info (
      .clk,
      .rst,
      .s_valid(enter_valid),
      .s_ready(info_ready),
      .s_data(enter_info),
      .m_valid(info_valid),
      .m_ready(pop),
      .m_data(info),
      .count()
  );

  fifo_sync #(
      .WIDTH($bits(trailer)),
      .DEPTH(DEPTH)
  ) u_trailer (
      .clk,
      .rst,
      .s_valid(parsed_valid),
      .s_ready(trailer_ready),
      .s_data(parsed_trailer),
      .m_valid(trailer_valid),
      .m_ready(pop && !compared_null),
      .m_data(trailer),
      .count()
  );

  // ---- join: all of one packet, and a null token for a null token; else nothing of it is believed, nor of any that follows until reset --
  logic take, verified, joins;
  logic null_q, equal_q, joined_q, head_valid_q;
  logic updated_q;  // the cycle before started an update

  assign pop        = compared_valid && info_valid && (compared_null || trailer_valid) && (!head_valid_q || take);
  assign joins      = !compared_mixed && info.job == compared_job && (compared_null || trailer.job == compared_job) &&
                      compared_null == (info.status != STATUS_OK);
  assign verified   = !null_q && equal_q && joined_q;
  assign take       = head_valid_q && !(verified && updated_q);
  assign update_valid    = take && verified;
  assign update_verified = verified;
  assign update_sa       = info_q.sa;
  assign update_seq      = info_q.seq;
  assign update_window   = info_q.window;

  always_ff @(posedge clk) begin
    if (rst) head_valid_q <= 1'b0;
    else if (pop || take) head_valid_q <= pop;
    if (rst) joined_q <= 1'b1;
    else if (pop && !joins) joined_q <= 1'b0;
    if (pop) begin
      info_q    <= info;
      trailer_q <= trailer;
      null_q    <= compared_null;
      equal_q   <= compared_equal;
    end
  end

  always_ff @(posedge clk) begin
    if (rst) updated_q <= 1'b0;
    else updated_q <= update_valid;
  end

  // ---- while the replay state is read and compared -----------------------------------------------------------------------------------------
  localparam int unsigned UPDATE_LATENCY = 4;

  verdict_t             early, late, final_d, final_q;
  logic                 late_valid, final_valid_q;

  always_comb begin
    early.job       = info_q.job;
    early.epoch     = info_q.epoch;
    early.sa        = info_q.sa;
    early.verified  = verified;
    early.in_beats  = info_q.in_beats;
    early.buf_beats = info_q.buf_beats;
    early.ok        = 1'b0;
    early.last_byte = trailer_q.last_byte;
    if (!joined_q) early.status = STATUS_ENGINE_FAULT;
    else if (null_q) early.status = info_q.status;
    else if (!equal_q) early.status = STATUS_ICV_MISMATCH;
    else early.status = trailer_q.status;
  end

  delay_line #(
      .WIDTH($bits(late)),
      .DELAY(UPDATE_LATENCY)
  ) u_wait (
      .clk,
      .rst,
      .s_valid(take),
      .s_data(early),
      .m_valid(late_valid),
      .m_data(late)
  );

  always_comb begin
    final_d = late;
    if (late.verified && update_verdict == REPLAY_IS_OLD) final_d.status = STATUS_REPLAY_OLD;
    if (late.verified && update_verdict == REPLAY_IS_BROKEN) final_d.status = STATUS_SA_FAULT;
    if (late.verified && update_verdict == REPLAY_IS_KNOWN) final_d.status = STATUS_REPLAY_DUPLICATE;
    final_d.ok = late.verified && final_d.status == STATUS_OK;
  end

  always_ff @(posedge clk) begin
    if (rst) final_valid_q <= 1'b0;
    else final_valid_q <= late_valid;
    if (late_valid) final_q <= final_d;
  end

  assign m_valid   = final_valid_q;
  assign m_verdict = final_q;

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst) begin
      a_info : assert (!enter_valid || info_ready) else $error("esp_decap_verdict: info FIFO overflow");
      a_icv : assert (!received_valid || icv_ready) else $error("esp_decap_verdict: ICV FIFO overflow");
      a_tag : assert (!compare_valid_q || compared_ready) else $error("esp_decap_verdict: tag FIFO overflow");
      a_trailer : assert (!parsed_valid || trailer_ready) else $error("esp_decap_verdict: trailer FIFO overflow");
      a_icv_there : assert (!(tag_valid_q && !tag_null_q) || icv_valid) else $error("esp_decap_verdict: tag without a received ICV");
      a_null : assert (!take || null_q == (info_q.status != STATUS_OK))
      else $error("esp_decap_verdict: tags and packets out of step");
      a_update : assert (!update_valid || (equal_q && !null_q)) else $error("esp_decap_verdict: replay update before the ICV is verified");
    end
  end
`endif

endmodule

`default_nettype wire
