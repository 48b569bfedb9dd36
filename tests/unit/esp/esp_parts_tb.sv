// SPDX-License-Identifier: Apache-2.0
// The larger parts of both engines by themselves, one model for all at each width, with their records taken apart into plain ports:
// esp_encap_front, esp_encap_frame (16 SAs each), esp_encap_out, esp_decap_trailer, esp_decap_verdict, esp_decap_release.
// esp_parts_ports.h lists the ports for C.
`default_nettype none

module esp_parts_tb #(
    parameter int unsigned LANES     = 4,
    parameter int unsigned OUT_BEATS = 64,  // cipher beats that esp_encap_out holds
    parameter int unsigned BUF_BEATS = 64   // beats that esp_decap_release holds
) (
    input  logic                 clk,
    input  logic                 rst,
    output logic [7:0]           lanes,
    // esp_encap_front; a record is told in full, job_ok is its status OK
    input  logic                 f_enable,
    input  logic                 f_ctx_wr,
    input  logic [15:0]          f_ctx_sa,
    input  logic                 f_ctx_valid,
    input  logic [1:0]           f_ctx_key_size,
    input  logic                 f_ctx_esn,
    input  logic [7:0]           f_ctx_ttl,
    input  logic [31:0]          f_ctx_spi,
    input  logic [31:0]          f_ctx_src,
    input  logic [31:0]          f_ctx_dst,
    input  logic [15:0]          f_ctx_csum,
    input  logic                 f_seq_req,
    input  logic                 f_seq_write,
    input  logic [15:0]          f_seq_sa,
    input  logic [63:0]          f_seq_number,
    output logic                 f_seq_ready,
    output logic                 f_seq_valid,
    output logic                 f_seq_bad,
    output logic [63:0]          f_seq_answer,
    input  logic                 f_drop,
    input  logic [15:0]          f_drop_sa,
    input  logic                 f_s_valid,
    output logic                 f_s_ready,
    input  logic [128*LANES-1:0] f_s_data,
    input  logic                 f_s_last,
    input  logic [47:0]          f_s_user,      // job, length, SA, status
    output logic                 f_beat_valid,
    input  logic                 f_beat_ready,
    output logic [128*LANES-1:0] f_beat_data,
    output logic                 f_beat_last,
    output logic [7:0]           f_beat_job,
    output logic                 f_job_valid,
    input  logic                 f_job_ready,
    input  logic                 f_job_begun,
    output logic [7:0]           f_job,
    output logic [15:0]          f_job_len,
    output logic [15:0]          f_job_sa,
    output logic [7:0]           f_job_status,
    output logic                 f_job_ok,
    output logic [13:0]          f_job_c4,
    output logic [13:0]          f_job_last_dw,
    output logic [7:0]           f_job_tos,
    output logic                 f_job_df,
    output logic [1:0]           f_job_key_size,
    output logic                 f_job_esn,
    output logic [7:0]           f_job_ttl,
    output logic [31:0]          f_job_spi,
    output logic [31:0]          f_job_src,
    output logic [31:0]          f_job_dst,
    output logic [15:0]          f_job_csum,
    output logic [63:0]          f_job_seq,
    // esp_encap_frame
    input  logic                 g_key_wr,
    input  logic                 g_key_all,
    input  logic                 g_key_flush,
    input  logic [4:0]           g_key_slot,
    input  logic [15:0]          g_key_sa,
    input  logic [31:0]          g_key_salt,
    input  logic                 g_epoch,
    input  logic                 g_room,
    output logic                 g_spend,
    input  logic                 g_beat_valid,
    output logic                 g_beat_ready,
    input  logic [128*LANES-1:0] g_beat_data,
    input  logic                 g_beat_last,
    input  logic [7:0]           g_beat_job,
    input  logic                 g_job_valid,
    output logic                 g_job_ready,
    input  logic                 g_job_ok,
    input  logic [15:0]          g_job_len,
    input  logic [15:0]          g_job_sa,
    input  logic [13:0]          g_job_c4,
    input  logic [13:0]          g_job_last_dw,
    input  logic [1:0]           g_job_key_size,
    input  logic                 g_job_esn,
    input  logic [31:0]          g_job_spi,
    input  logic [63:0]          g_job_seq,
    output logic                 g_start,
    output logic                 g_begun,
    output logic                 g_valid,
    output logic                 g_first,
    output logic                 g_last,
    output logic                 g_null,
    output logic [128*LANES-1:0] g_data,
    output logic [15:0]          g_sa,
    output logic [1:0]           g_key_size,
    output logic [95:0]          g_nonce,
    output logic [127:0]         g_aad,
    output logic [15:0]          g_aad_len,
    output logic [15:0]          g_len,
    output logic [7:0]           g_m_job,
    output logic                 g_m_epoch,
    // esp_encap_out
    input  logic                 o_beat_valid,
    input  logic [128*LANES-1:0] o_beat_data,
    input  logic [7:0]           o_beat_job,
    input  logic                 o_tag_valid,
    input  logic [127:0]         o_tag,
    input  logic [7:0]           o_tag_job,
    input  logic                 o_record_valid,
    input  logic [47:0]          o_record_user,  // job, length, SA, status
    input  logic                 o_record_null,
    input  logic [159:0]         o_record_header,
    input  logic [13:0]          o_record_icv_dw,
    input  logic [11:0]          o_record_in_last,
    input  logic [11:0]          o_record_out_last,
    output logic                 o_freed,
    output logic                 o_valid,
    input  logic                 o_ready,
    output logic [128*LANES-1:0] o_data,
    output logic                 o_last,
    output logic [47:0]          o_user,
    // esp_decap_trailer
    input  logic                 t_valid,
    input  logic                 t_first,
    input  logic                 t_last,
    input  logic                 t_null,
    input  logic [128*LANES-1:0] t_data,
    input  logic [7:0]           t_job,
    input  logic                 t_ce,
    input  logic [15:0]          t_c,
    output logic                 t_buf_valid,
    output logic [128*LANES-1:0] t_buf_data,
    output logic [7:0]           t_buf_job,
    output logic                 t_out_valid,
    output logic [7:0]           t_out_job,
    output logic [7:0]           t_out_status,
    output logic [15:0]          t_out_last_byte,
    // esp_decap_verdict
    input  logic                 v_enter,
    input  logic [7:0]           v_enter_job,
    input  logic                 v_enter_epoch,
    input  logic [15:0]          v_enter_sa,
    input  logic [7:0]           v_enter_status,
    input  logic [63:0]          v_enter_seq,
    input  logic [7:0]           v_enter_window,
    input  logic [10:0]          v_enter_in_beats,
    input  logic [10:0]          v_enter_buf_beats,
    input  logic                 v_icv_valid,
    input  logic [127:0]         v_icv,
    input  logic [7:0]           v_icv_job,
    input  logic                 v_tag_valid,
    input  logic                 v_tag_null,
    input  logic [127:0]         v_tag,
    input  logic [7:0]           v_tag_job,
    input  logic                 v_trailer_valid,
    input  logic [7:0]           v_trailer_job,
    input  logic [7:0]           v_trailer_status,
    input  logic [15:0]          v_trailer_last_byte,
    output logic                 v_update,
    output logic                 v_update_verified,
    output logic [15:0]          v_update_sa,
    output logic [63:0]          v_update_seq,
    output logic [7:0]           v_update_window,
    input  logic [1:0]           v_replay,
    output logic                 v_valid,
    output logic [7:0]           v_job,
    output logic                 v_epoch,
    output logic [15:0]          v_sa,
    output logic [7:0]           v_status,
    output logic                 v_verified,
    output logic                 v_ok,
    output logic [15:0]          v_last_byte,
    output logic [10:0]          v_in_beats,
    output logic [10:0]          v_buf_beats,
    // esp_decap_release
    input  logic                 r_buf_valid,
    input  logic [128*LANES-1:0] r_buf_data,
    input  logic [7:0]           r_buf_job,
    input  logic                 r_verdict,
    input  logic [7:0]           r_verdict_job,
    input  logic [15:0]          r_verdict_sa,
    input  logic [7:0]           r_verdict_status,
    input  logic                 r_verdict_verified,
    input  logic                 r_verdict_ok,
    input  logic [15:0]          r_verdict_last_byte,
    input  logic [10:0]          r_verdict_in_beats,
    input  logic [10:0]          r_verdict_buf_beats,
    output logic                 r_valid,
    input  logic                 r_ready,
    output logic [128*LANES-1:0] r_data,
    output logic                 r_last,
    output logic [47:0]          r_user,
    output logic                 r_done,
    output logic [10:0]          r_done_in_beats
);

  assign lanes = 8'(LANES);

  // ---- encapsulation -----------------------------------------------------------------------------------------------------------
  sa_pkg::out_ctx_wr_t ctx_wr;
  sa_pkg::seq_rsp_t    seq_rsp;
  esp_pkg::encap_job_t f_record;
  assign ctx_wr = {f_ctx_wr, f_ctx_sa, f_ctx_valid, f_ctx_key_size, f_ctx_esn, f_ctx_ttl, f_ctx_spi, f_ctx_src, f_ctx_dst, f_ctx_csum};
  assign {f_seq_ready, f_seq_valid, f_seq_bad, f_seq_answer} = seq_rsp;
  assign {f_job, f_job_len, f_job_sa, f_job_status, f_job_ok, f_job_c4, f_job_last_dw, f_job_tos, f_job_df, f_job_key_size, f_job_esn,
          f_job_ttl, f_job_spi, f_job_src, f_job_dst, f_job_csum, f_job_seq} = f_record;
  esp_encap_front #(.LANES(LANES), .SA_ENTRIES(16)) u_front (
      .clk, .rst, .enable(f_enable), .ctx_wr, .seq_req({f_seq_req, f_seq_write, f_seq_sa, f_seq_number}), .seq_rsp, .drop({f_drop, f_drop_sa}),
      .s_axis_tvalid(f_s_valid), .s_axis_tready(f_s_ready), .s_axis_tdata(f_s_data), .s_axis_tlast(f_s_last), .s_axis_tuser(f_s_user),
      .inner_valid(f_beat_valid), .inner_ready(f_beat_ready), .inner_data(f_beat_data), .inner_last(f_beat_last), .inner_job(f_beat_job),
      .job_valid(f_job_valid), .job_ready(f_job_ready), .job(f_record), .job_begun(f_job_begun)
  );

  esp_pkg::encap_job_t g_record;
  always_comb begin
    g_record          = '0;
    g_record.ok       = g_job_ok;
    g_record.len      = g_job_len;
    g_record.sa       = g_job_sa;
    g_record.c4       = g_job_c4;
    g_record.last_dw  = g_job_last_dw;
    g_record.key_size = g_job_key_size;
    g_record.esn      = g_job_esn;
    g_record.spi      = g_job_spi;
    g_record.seq      = g_job_seq;
  end
  esp_encap_frame #(.LANES(LANES), .SA_ENTRIES(16)) u_frame (
      .clk, .rst, .key_wr({g_key_wr, g_key_all, g_key_flush, g_key_slot, g_key_sa, 96'd0, g_key_salt}), .epoch(g_epoch), .room(g_room),
      .spend(g_spend), .inner_valid(g_beat_valid), .inner_ready(g_beat_ready), .inner_data(g_beat_data), .inner_last(g_beat_last),
      .inner_job(g_beat_job), .job_valid(g_job_valid), .job_ready(g_job_ready), .job(g_record), .start(g_start), .begun(g_begun),
      .m_valid(g_valid), .m_first(g_first), .m_last(g_last), .m_null(g_null), .m_data(g_data), .m_sa(g_sa), .m_key_size(g_key_size),
      .m_nonce(g_nonce), .m_aad(g_aad), .m_aad_len(g_aad_len), .m_len(g_len), .m_job(g_m_job), .m_epoch(g_m_epoch)
  );

  esp_encap_out #(.LANES(LANES), .DEPTH(OUT_BEATS)) u_out (
      .clk, .rst, .cipher_valid(o_beat_valid), .cipher_data(o_beat_data), .cipher_job(o_beat_job), .tag_valid(o_tag_valid), .tag(o_tag),
      .tag_job(o_tag_job), .record_valid(o_record_valid),
      .record({o_record_user, o_record_null, o_record_header, o_record_icv_dw, o_record_in_last, o_record_out_last}), .freed(o_freed),
      .m_axis_tvalid(o_valid), .m_axis_tready(o_ready), .m_axis_tdata(o_data), .m_axis_tlast(o_last), .m_axis_tuser(o_user)
  );

  // ---- decapsulation -----------------------------------------------------------------------------------------------------------
  esp_decap_pkg::trailer_t trailer;
  assign {t_out_job, t_out_status, t_out_last_byte} = trailer;
  esp_decap_trailer #(.LANES(LANES)) u_trailer (
      .clk, .rst, .s_valid(t_valid), .s_first(t_first), .s_last(t_last), .s_null(t_null), .s_data(t_data), .s_user({t_job, t_ce, t_c}),
      .buf_valid(t_buf_valid), .buf_data(t_buf_data), .buf_job(t_buf_job), .m_valid(t_out_valid), .m_trailer(trailer)
  );

  esp_decap_pkg::verdict_t verdict;
  assign {v_job, v_epoch, v_sa, v_status, v_verified, v_ok, v_last_byte, v_in_beats, v_buf_beats} = verdict;
  esp_decap_verdict u_verdict (
      .clk, .rst, .enter_valid(v_enter),
      .enter_info({v_enter_job, v_enter_epoch, v_enter_sa, v_enter_status, v_enter_seq, v_enter_window, v_enter_in_beats, v_enter_buf_beats}),
      .received_valid(v_icv_valid), .received_icv(v_icv), .received_job(v_icv_job), .tag_valid(v_tag_valid), .tag_null(v_tag_null),
      .tag(v_tag), .tag_job(v_tag_job), .parsed_valid(v_trailer_valid),
      .parsed_trailer({v_trailer_job, v_trailer_status, v_trailer_last_byte}), .update_valid(v_update), .update_verified(v_update_verified),
      .update_sa(v_update_sa), .update_seq(v_update_seq), .update_window(v_update_window), .update_verdict(v_replay), .m_valid(v_valid),
      .m_verdict(verdict)
  );

  esp_decap_release #(.LANES(LANES), .BUF_BEATS(BUF_BEATS)) u_release (
      .clk, .rst, .buf_valid(r_buf_valid), .buf_data(r_buf_data), .buf_job(r_buf_job), .verdict_valid(r_verdict),
      .verdict({r_verdict_job, 1'b0, r_verdict_sa, r_verdict_status, r_verdict_verified, r_verdict_ok, r_verdict_last_byte,
                r_verdict_in_beats, r_verdict_buf_beats}),
      .m_axis_tvalid(r_valid), .m_axis_tready(r_ready), .m_axis_tdata(r_data), .m_axis_tlast(r_last), .m_axis_tuser(r_user), .done(r_done),
      .done_in_beats(r_done_in_beats)
  );

endmodule

`default_nettype wire
