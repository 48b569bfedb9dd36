// SPDX-License-Identifier: Apache-2.0
// The parts of rtl/esp that stand by themselves, one model for all, with their records taken apart into plain ports: esp_encap_seq (16 SAs),
// esp_encap_jobs, esp_encap_header, esp_decap_header, esp_decap_strip with 4 lanes and with 1.
`default_nettype none

module esp_cells_tb (
    input  logic         clk,
    input  logic         rst,
    // esp_encap_seq
    input  logic         encap_seq_look,
    input  logic [15:0]  encap_seq_sa,
    output logic [63:0]  encap_seq_seq,
    output logic         encap_seq_bad,
    output logic         encap_seq_used_32,
    output logic         encap_seq_used_64,
    input  logic         encap_seq_send,
    input  logic         encap_seq_req,
    input  logic         encap_seq_req_write,
    input  logic [15:0]  encap_seq_req_sa,
    input  logic [63:0]  encap_seq_req_seq,
    output logic         encap_seq_rsp_ready,
    output logic         encap_seq_rsp_valid,
    output logic         encap_seq_rsp_bad,
    output logic [63:0]  encap_seq_rsp_seq,
    // esp_encap_jobs: a record is its job number and SA; the drop names an SA
    input  logic         encap_jobs_s_valid,
    output logic         encap_jobs_s_ready,
    input  logic [7:0]   encap_jobs_s_job,
    input  logic [15:0]  encap_jobs_s_sa,
    output logic         encap_jobs_m_valid,
    input  logic         encap_jobs_m_ready,
    input  logic         encap_jobs_m_begun,
    output logic [7:0]   encap_jobs_m_job,
    output logic [15:0]  encap_jobs_m_sa,
    output logic [7:0]   encap_jobs_m_status,
    output logic         encap_jobs_m_ok,
    input  logic         encap_jobs_drop,
    input  logic [15:0]  encap_jobs_drop_sa,
    // esp_encap_header
    input  logic         encap_header_valid,
    input  logic         encap_header_ok,
    input  logic [7:0]   encap_header_status,
    input  logic [13:0]  encap_header_c4,
    input  logic [13:0]  encap_header_last_dw,
    input  logic [7:0]   encap_header_tos,
    input  logic         encap_header_df,
    input  logic [7:0]   encap_header_ttl,
    input  logic [31:0]  encap_header_src,
    input  logic [31:0]  encap_header_dst,
    input  logic [15:0]  encap_header_csum,
    input  logic [63:0]  encap_header_seq,
    output logic         encap_header_out_valid,
    output logic [15:0]  encap_header_out_len,
    output logic [7:0]   encap_header_out_status,
    output logic         encap_header_out_null,
    output logic [159:0] encap_header_out_header,
    output logic [13:0]  encap_header_out_icv_dw,
    output logic [11:0]  encap_header_out_in_last,
    output logic [11:0]  encap_header_out_out_last,
    // esp_decap_header, 4 lanes
    input  logic         decap_header_valid,
    input  logic [15:0]  decap_header_len,
    input  logic [7:0]   decap_header_status,
    input  logic [159:0] decap_header_outer,
    output logic         decap_header_out_valid,
    output logic [7:0]   decap_header_out_status,
    output logic [15:0]  decap_header_out_cipher_len,
    output logic [10:0]  decap_header_out_last_beat,
    output logic         decap_header_out_ce,
    // esp_decap_strip, 4 lanes
    input  logic         strip4_valid,
    input  logic         strip4_last,
    input  logic [511:0] strip4_data,
    input  logic [47:0]  strip4_user,
    output logic         strip4_out_valid,
    output logic         strip4_out_first,
    output logic [511:0] strip4_out_data,
    output logic [47:0]  strip4_out_user,
    output logic [159:0] strip4_out_outer,
    // esp_decap_strip, 1 lane
    input  logic         strip1_valid,
    input  logic         strip1_last,
    input  logic [127:0] strip1_data,
    input  logic [47:0]  strip1_user,
    output logic         strip1_out_valid,
    output logic         strip1_out_first,
    output logic [127:0] strip1_out_data,
    output logic [47:0]  strip1_out_user,
    output logic [159:0] strip1_out_outer
);

  sa_pkg::seq_req_t seq_req;
  sa_pkg::seq_rsp_t seq_rsp;
  assign seq_req = {encap_seq_req, encap_seq_req_write, encap_seq_req_sa, encap_seq_req_seq};
  assign {encap_seq_rsp_ready, encap_seq_rsp_valid, encap_seq_rsp_bad, encap_seq_rsp_seq} = seq_rsp;
  esp_encap_seq #(.SA_ENTRIES(16)) u_seq (
      .clk, .rst, .look_valid(encap_seq_look), .look_sa(encap_seq_sa), .seq(encap_seq_seq), .bad(encap_seq_bad), .used_up_32(encap_seq_used_32),
      .used_up_64(encap_seq_used_64), .send(encap_seq_send), .seq_req, .seq_rsp
  );

  esp_pkg::encap_job_t s_job, m_job;
  always_comb begin
    s_job     = '0;
    s_job.job = encap_jobs_s_job;
    s_job.sa  = encap_jobs_s_sa;
    s_job.ok  = 1'b1;
  end
  assign {encap_jobs_m_job, encap_jobs_m_sa, encap_jobs_m_status, encap_jobs_m_ok} = {m_job.job, m_job.sa, m_job.status, m_job.ok};
  esp_encap_jobs u_jobs (
      .clk, .rst, .s_valid(encap_jobs_s_valid), .s_ready(encap_jobs_s_ready), .s_job, .m_valid(encap_jobs_m_valid), .m_ready(encap_jobs_m_ready),
      .m_begun(encap_jobs_m_begun), .m_job, .drop({encap_jobs_drop, encap_jobs_drop_sa})
  );

  esp_pkg::encap_job_t header_job;
  esp_pkg::encap_out_t made;
  always_comb begin
    header_job         = '0;
    header_job.ok      = encap_header_ok;
    header_job.status  = encap_header_status;
    header_job.c4      = encap_header_c4;
    header_job.last_dw = encap_header_last_dw;
    header_job.tos     = encap_header_tos;
    header_job.df      = encap_header_df;
    header_job.ttl     = encap_header_ttl;
    header_job.src     = encap_header_src;
    header_job.dst     = encap_header_dst;
    header_job.csum    = encap_header_csum;
    header_job.seq     = encap_header_seq;
  end
  assign encap_header_out_len      = made.len;
  assign encap_header_out_status   = made.status;
  assign encap_header_out_null     = made.null_beat;
  assign encap_header_out_header   = made.header;
  assign encap_header_out_icv_dw   = made.icv_dw;
  assign encap_header_out_in_last  = made.in_last;
  assign encap_header_out_out_last = made.out_last;
  esp_encap_header #(.LANES(4)) u_header (
      .clk, .rst, .s_valid(encap_header_valid), .s_job(header_job), .m_valid(encap_header_out_valid), .m_out(made)
  );

  esp_decap_pkg::header_t outer;
  assign {decap_header_out_status, decap_header_out_cipher_len, decap_header_out_last_beat, decap_header_out_ce} = outer;
  esp_decap_header #(.LANES(4)) u_outer (
      .clk, .rst, .s_valid(decap_header_valid), .s_user({8'd0, decap_header_len, 16'd0, decap_header_status}), .s_outer(decap_header_outer),
      .m_valid(decap_header_out_valid), .m_header(outer)
  );

  logic strip4_epoch, strip1_epoch;
  esp_decap_strip #(.LANES(4)) u_strip_4 (
      .clk, .rst, .s_valid(strip4_valid), .s_last(strip4_last), .s_data(strip4_data), .s_user(strip4_user), .s_epoch(strip4_user[24]),
      .m_valid(strip4_out_valid), .m_first(strip4_out_first), .m_data(strip4_out_data), .m_user(strip4_out_user), .m_epoch(strip4_epoch),
      .m_outer(strip4_out_outer)
  );
  esp_decap_strip #(.LANES(1)) u_strip_1 (
      .clk, .rst, .s_valid(strip1_valid), .s_last(strip1_last), .s_data(strip1_data), .s_user(strip1_user), .s_epoch(strip1_user[24]),
      .m_valid(strip1_out_valid), .m_first(strip1_out_first), .m_data(strip1_out_data), .m_user(strip1_out_user), .m_epoch(strip1_epoch),
      .m_outer(strip1_out_outer)
  );
  always_ff @(posedge clk) begin
    if (!rst) begin
      assert (!strip4_out_valid || strip4_epoch == strip4_out_user[24]);
      assert (!strip1_out_valid || strip1_epoch == strip1_out_user[24]);
    end
  end

endmodule

`default_nettype wire
