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

    input  logic            i_valid,     // packets entering the cipher
    input  info_t           i_info,
    input  logic            v_valid,     // received ICVs, byte string
    input  logic [127:0]    v_icv,
    input  logic [7:0]      v_job,
    input  logic            t_valid,     // tags from gcm_engine
    input  logic            t_null,
    input  logic [127:0]    t_tag,
    input  logic [7:0]      t_job,
    input  logic            r_valid,     // trailer
    input  trailer_t        r_trailer,

    // replay's update port
    output logic            u_valid,
    output logic            u_verified,
    output logic [SA_W-1:0] u_sa,
    output logic [63:0]     u_seq,
    output logic [7:0]      u_window,
    input  logic [1:0]      u_verdict,

    output logic            m_valid,
    output verdict_t        m_verdict
);

  localparam int unsigned DEPTH     = DECAP_PACKETS;
  localparam int unsigned INFO_W    = $bits(i_info);
  localparam int unsigned TRAILER_W = $bits(r_trailer);

  logic                 info_ready, icv_ready, tag_ready, trailer_ready;
  logic                 info_valid, icv_valid, tag_valid, trailer_valid;
  logic [INFO_W-1:0]    info_bits;
  logic [TRAILER_W-1:0] trailer_bits;
  info_t                info, info_q;        // _q: of the packet that is judged
  trailer_t             trailer, trailer_q;
  logic [127:0]         icv;
  logic [7:0]           icv_job;
  logic                 pop;

  assign info    = info_bits;
  assign trailer = trailer_bits;

  // ---- tag against received ICV ---------------------------------------------------------------------------------------------------
  logic         t_valid_q, t_null_q, cmp_valid_q, cmp_null_q;
  logic [127:0] t_tag_q;
  logic [7:0]   differ_q;      // one a 16 bits
  logic         cmp_mixed_q;   // the ICV is of another job, or not there
  logic         tag_null, tag_equal, tag_mixed;
  logic [7:0]   t_job_q, cmp_job_q, tag_job;

  always_ff @(posedge clk) begin
    if (rst) begin
      t_valid_q   <= 1'b0;
      cmp_valid_q <= 1'b0;
    end else begin
      t_valid_q   <= t_valid;
      cmp_valid_q <= t_valid_q;
    end
    if (t_valid) begin
      t_null_q <= t_null;
      t_tag_q  <= t_tag;
      t_job_q  <= t_job;
    end
    if (t_valid_q) begin
      cmp_null_q <= t_null_q;
      cmp_job_q  <= t_job_q;
      cmp_mixed_q <= !t_null_q && (t_job_q != icv_job || !icv_valid);
      for (int unsigned i = 0; i < 8; i++) differ_q[i] <= t_tag_q[16*i+:16] != icv[16*i+:16];
    end
  end

  fifo_sync #(
      .WIDTH(8 + 128),
      .DEPTH(DEPTH),
      .BLOCK_RAM(1'b1)
  ) u_icv (
      .clk,
      .rst,
      .s_valid(v_valid),
      .s_ready(icv_ready),
      .s_data({v_job, v_icv}),
      .m_valid(icv_valid),
      .m_ready(t_valid_q && !t_null_q),
      .m_data({icv_job, icv}),
      .count()
  );

  fifo_sync #(
      .WIDTH(8 + 3),
      .DEPTH(DEPTH)
  ) u_tag (
      .clk,
      .rst,
      .s_valid(cmp_valid_q),
      .s_ready(tag_ready),
      .s_data({cmp_job_q, cmp_mixed_q, cmp_null_q, differ_q == '0}),
      .m_valid(tag_valid),
      .m_ready(pop),
      .m_data({tag_job, tag_mixed, tag_null, tag_equal}),
      .count()
  );

  fifo_sync #(
      .WIDTH(INFO_W),
      .DEPTH(DEPTH),
      .BLOCK_RAM(1'b1)
  ) u_info (
      .clk,
      .rst,
      .s_valid(i_valid),
      .s_ready(info_ready),
      .s_data(i_info),
      .m_valid(info_valid),
      .m_ready(pop),
      .m_data(info_bits),
      .count()
  );

  fifo_sync #(
      .WIDTH(TRAILER_W),
      .DEPTH(DEPTH)
  ) u_trailer (
      .clk,
      .rst,
      .s_valid(r_valid),
      .s_ready(trailer_ready),
      .s_data(r_trailer),
      .m_valid(trailer_valid),
      .m_ready(pop && !tag_null),
      .m_data(trailer_bits),
      .count()
  );

  // ---- join: all of one packet, and a null token for a null token; else nothing of it is believed, nor of any that follows until reset --
  logic take, verified, joins;
  logic null_q, equal_q, joined_q, head_valid_q;
  logic updated_q;  // the cycle before started an update

  assign pop        = tag_valid && info_valid && (tag_null || trailer_valid) && (!head_valid_q || take);
  assign joins      = !tag_mixed && info.job == tag_job && (tag_null || trailer.job == tag_job) &&
                      tag_null == (info.status != STATUS_OK);
  assign verified   = !null_q && equal_q && joined_q;
  assign take       = head_valid_q && !(verified && updated_q);
  assign u_valid    = take && verified;
  assign u_verified = verified;
  assign u_sa       = info_q.sa;
  assign u_seq      = info_q.seq;
  assign u_window   = info_q.window;

  always_ff @(posedge clk) begin
    if (rst) head_valid_q <= 1'b0;
    else if (pop || take) head_valid_q <= pop;
    if (rst) joined_q <= 1'b1;
    else if (pop && !joins) joined_q <= 1'b0;
    if (pop) begin
      info_q    <= info;
      trailer_q <= trailer;
      null_q    <= tag_null;
      equal_q   <= tag_equal;
    end
  end

  always_ff @(posedge clk) begin
    if (rst) updated_q <= 1'b0;
    else updated_q <= u_valid;
  end

  // ---- while the replay state is read and compared -----------------------------------------------------------------------------------------
  localparam int unsigned UPDATE_LATENCY = 4;
  localparam int unsigned VERDICT_W = $bits(m_verdict);

  verdict_t             early, late, final_d, final_q;
  logic [VERDICT_W-1:0] late_bits;
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
      .WIDTH(VERDICT_W),
      .DELAY(UPDATE_LATENCY)
  ) u_wait (
      .clk,
      .rst,
      .s_valid(take),
      .s_data(early),
      .m_valid(late_valid),
      .m_data(late_bits)
  );

  assign late = late_bits;

  always_comb begin
    final_d = late;
    if (late.verified && u_verdict == REPLAY_IS_OLD) final_d.status = STATUS_REPLAY_OLD;
    if (late.verified && u_verdict == REPLAY_IS_BROKEN) final_d.status = STATUS_SA_FAULT;
    if (late.verified && u_verdict == REPLAY_IS_KNOWN) final_d.status = STATUS_REPLAY_DUPLICATE;
    final_d.ok = late.verified && final_d.status == STATUS_OK;
  end

  always_ff @(posedge clk) begin
    if (rst) final_valid_q <= 1'b0;
    else final_valid_q <= late_valid;
    if (late_valid) final_q <= final_d;
  end

  assign m_valid   = final_valid_q;
  assign m_verdict = final_q;

  logic unused;
  assign unused = &{1'b0, trailer_q.job, info_ready, icv_ready, tag_ready, trailer_ready};

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst) begin
      a_info : assert (!i_valid || info_ready) else $error("esp_decap_verdict: info FIFO overflow");
      a_icv : assert (!v_valid || icv_ready) else $error("esp_decap_verdict: ICV FIFO overflow");
      a_tag : assert (!cmp_valid_q || tag_ready) else $error("esp_decap_verdict: tag FIFO overflow");
      a_trailer : assert (!r_valid || trailer_ready) else $error("esp_decap_verdict: trailer FIFO overflow");
      a_icv_there : assert (!(t_valid_q && !t_null_q) || icv_valid) else $error("esp_decap_verdict: tag without a received ICV");
      a_null : assert (!take || null_q == (info_q.status != STATUS_OK))
      else $error("esp_decap_verdict: tags and packets out of step");
      a_update : assert (!u_valid || (equal_q && !null_q)) else $error("esp_decap_verdict: replay update before the ICV is verified");
    end
  end
`endif

endmodule

`default_nettype wire
