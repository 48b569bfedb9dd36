// SPDX-License-Identifier: Apache-2.0
// The parts of rtl/esp that stand by themselves, one model for all, with their records taken apart into plain ports: esp_encap_seq (16 SAs),
// esp_encap_jobs, esp_encap_header, esp_decap_header, esp_decap_strip with 4 lanes and with 1.
`default_nettype none

module esp_cells_tb (
    input  logic         clk,
    input  logic         rst,
    // esp_encap_seq
    input  logic         n_look,
    input  logic [15:0]  n_sa,
    output logic [63:0]  n_seq,
    output logic         n_bad,
    output logic         n_used_32,
    output logic         n_used_64,
    input  logic         n_send,
    input  logic         n_req,
    input  logic         n_req_write,
    input  logic [15:0]  n_req_sa,
    input  logic [63:0]  n_req_seq,
    output logic         n_rsp_ready,
    output logic         n_rsp_valid,
    output logic         n_rsp_bad,
    output logic [63:0]  n_rsp_seq,
    // esp_encap_jobs: a record is its job number and SA; the drop names an SA
    input  logic         j_s_valid,
    output logic         j_s_ready,
    input  logic [7:0]   j_s_job,
    input  logic [15:0]  j_s_sa,
    output logic         j_m_valid,
    input  logic         j_m_ready,
    input  logic         j_m_begun,
    output logic [7:0]   j_m_job,
    output logic [15:0]  j_m_sa,
    output logic [7:0]   j_m_status,
    output logic         j_m_ok,
    input  logic         j_drop,
    input  logic [15:0]  j_drop_sa,
    // esp_encap_header
    input  logic         h_valid,
    input  logic         h_ok,
    input  logic [7:0]   h_status,
    input  logic [13:0]  h_c4,
    input  logic [13:0]  h_last_dw,
    input  logic [7:0]   h_tos,
    input  logic         h_df,
    input  logic [7:0]   h_ttl,
    input  logic [31:0]  h_src,
    input  logic [31:0]  h_dst,
    input  logic [15:0]  h_csum,
    input  logic [63:0]  h_seq,
    output logic         h_out_valid,
    output logic [15:0]  h_out_len,
    output logic [7:0]   h_out_status,
    output logic         h_out_null,
    output logic [159:0] h_out_header,
    output logic [13:0]  h_out_icv_dw,
    output logic [11:0]  h_out_in_last,
    output logic [11:0]  h_out_out_last,
    // esp_decap_header, 4 lanes
    input  logic         d_valid,
    input  logic [15:0]  d_len,
    input  logic [7:0]   d_status,
    input  logic [159:0] d_outer,
    output logic         d_out_valid,
    output logic [7:0]   d_out_status,
    output logic [15:0]  d_out_c,
    output logic [10:0]  d_out_last_beat,
    output logic         d_out_ce,
    // esp_decap_strip, 4 lanes
    input  logic         k_valid,
    input  logic         k_last,
    input  logic [511:0] k_data,
    input  logic [47:0]  k_user,
    output logic         k_out_valid,
    output logic         k_out_first,
    output logic [511:0] k_out_data,
    output logic [47:0]  k_out_user,
    output logic [159:0] k_out_outer,
    // esp_decap_strip, 1 lane
    input  logic         l_valid,
    input  logic         l_last,
    input  logic [127:0] l_data,
    input  logic [47:0]  l_user,
    output logic         l_out_valid,
    output logic         l_out_first,
    output logic [127:0] l_out_data,
    output logic [47:0]  l_out_user,
    output logic [159:0] l_out_outer
);

  sa_pkg::seq_req_t seq_req;
  sa_pkg::seq_rsp_t seq_rsp;
  assign seq_req = {n_req, n_req_write, n_req_sa, n_req_seq};
  assign {n_rsp_ready, n_rsp_valid, n_rsp_bad, n_rsp_seq} = seq_rsp;
  esp_encap_seq #(.SA_ENTRIES(16)) u_seq (
      .clk, .rst, .look_valid(n_look), .look_sa(n_sa), .seq(n_seq), .bad(n_bad), .used_up_32(n_used_32), .used_up_64(n_used_64), .send(n_send),
      .seq_req, .seq_rsp
  );

  esp_pkg::encap_job_t s_job, m_job;
  always_comb begin
    s_job     = '0;
    s_job.job = j_s_job;
    s_job.sa  = j_s_sa;
    s_job.ok  = 1'b1;
  end
  assign {j_m_job, j_m_sa, j_m_status, j_m_ok} = {m_job.job, m_job.sa, m_job.status, m_job.ok};
  esp_encap_jobs u_jobs (
      .clk, .rst, .s_valid(j_s_valid), .s_ready(j_s_ready), .s_job, .m_valid(j_m_valid), .m_ready(j_m_ready), .m_begun(j_m_begun), .m_job,
      .drop({j_drop, j_drop_sa})
  );

  esp_pkg::encap_job_t h_job;
  esp_pkg::encap_out_t h_out;
  always_comb begin
    h_job         = '0;
    h_job.ok      = h_ok;
    h_job.status  = h_status;
    h_job.c4      = h_c4;
    h_job.last_dw = h_last_dw;
    h_job.tos     = h_tos;
    h_job.df      = h_df;
    h_job.ttl     = h_ttl;
    h_job.src     = h_src;
    h_job.dst     = h_dst;
    h_job.csum    = h_csum;
    h_job.seq     = h_seq;
  end
  assign {h_out_len, h_out_status, h_out_null, h_out_header, h_out_icv_dw, h_out_in_last, h_out_out_last} =
      {h_out.len, h_out.status, h_out.null_beat, h_out.header, h_out.icv_dw, h_out.in_last, h_out.out_last};
  esp_encap_header #(.LANES(4)) u_header (.clk, .rst, .s_valid(h_valid), .s_job(h_job), .m_valid(h_out_valid), .m_out(h_out));

  esp_decap_pkg::header_t d_header;
  assign {d_out_status, d_out_c, d_out_last_beat, d_out_ce} = d_header;
  esp_decap_header #(.LANES(4)) u_outer (
      .clk, .rst, .s_valid(d_valid), .s_user({8'd0, d_len, 16'd0, d_status}), .s_outer(d_outer), .m_valid(d_out_valid), .m_header(d_header)
  );

  logic k_epoch, l_epoch;
  esp_decap_strip #(.LANES(4)) u_strip_4 (
      .clk, .rst, .s_valid(k_valid), .s_last(k_last), .s_data(k_data), .s_user(k_user), .s_epoch(k_user[24]), .m_valid(k_out_valid),
      .m_first(k_out_first), .m_data(k_out_data), .m_user(k_out_user), .m_epoch(k_epoch), .m_outer(k_out_outer)
  );
  esp_decap_strip #(.LANES(1)) u_strip_1 (
      .clk, .rst, .s_valid(l_valid), .s_last(l_last), .s_data(l_data), .s_user(l_user), .s_epoch(l_user[24]), .m_valid(l_out_valid),
      .m_first(l_out_first), .m_data(l_out_data), .m_user(l_out_user), .m_epoch(l_epoch), .m_outer(l_out_outer)
  );
  always_ff @(posedge clk) begin
    if (!rst) begin
      assert (!k_out_valid || k_epoch == k_out_user[24]);
      assert (!l_out_valid || l_epoch == l_out_user[24]);
    end
  end

endmodule

`default_nettype wire
