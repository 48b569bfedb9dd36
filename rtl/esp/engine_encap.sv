// SPDX-License-Identifier: Apache-2.0
// ESP encapsulation engine: RFC 4303 tunnel mode, IPv4 in IPv4, AES-GCM-16 of RFC 4106. One packet in gives one packet out, in order;
// a packet that cannot be sent leaves as one beat of zeros with its status.
//   s_axis -> front (SA, checks, sequence number) -> framer (ESP header, trailer) -> gcm_engine -> out (ICV, outer IPv4) -> m_axis
//                                                         `- header (outer IPv4) -----------------^
// Throughput: ceil((52 + payload with trailer) / (16 * LANES)) cycles a packet, the output bus; a change of SA costs nothing.
// Latency, first beat in to first beat out: that of gcm_engine plus 14 cycles; a packet whose ICV lies in its first beats waits for its tag.
// The cipher cannot stall: the framer spends a credit a beat, and the output FIFO has a place for every credit. A packet enters the cipher
// only when there are credits for the largest one, so it leaves the cipher whatever the output does; one that waits in front of it needs
// nothing of its SA, for it can be dropped (esp_encap_jobs). So an SA can be deleted while the output stands still.
`default_nettype none

module engine_encap import espalier_pkg::*, esp_pkg::*, sa_pkg::*; #(
    parameter int unsigned LANES      = 4,    // 128-bit lanes of the data path: 1, 2, 4
    parameter int unsigned SA_ENTRIES = 4096  // SAs; a power of two
) (
    input  logic                 clk,
    input  logic                 rst,
    input  logic                 enable,       // 0 until the wipe after reset is done

    input  logic                 s_axis_tvalid,
    output logic                 s_axis_tready,
    input  logic [128*LANES-1:0] s_axis_tdata,
    input  logic                 s_axis_tlast,
    input  esp_in_t              s_axis_tuser,

    output logic                 m_axis_tvalid,
    input  logic                 m_axis_tready,
    output logic [128*LANES-1:0] m_axis_tdata,
    output logic                 m_axis_tlast,
    output esp_out_t             m_axis_tuser,

    input  key_wr_t              key_wr,
    input  out_ctx_wr_t          ctx_wr,
    input  seq_req_t             seq_req,
    output seq_rsp_t             seq_rsp,
    input  drop_req_t            drop,
    input  logic                 epoch,
    output logic [1:0]           inflight_zero
);

  localparam int unsigned W = 128 * LANES;
  localparam int unsigned OUT_DEPTH = 1024 / LANES;  // credits: the beats of the largest packet, and as many as the way to the output takes
  localparam int unsigned LARGEST = ((MAX_PACKET + 5) / 4 + 7) / (4 * LANES) + 1;  // beats of MAX_PACKET in the cipher
  localparam int unsigned CREDIT_W = $clog2(OUT_DEPTH) + 1;
  localparam int unsigned FLIGHT_W = $clog2(OUT_DEPTH + 64) + 1;

  // ---- front and framer -----------------------------------------------------------------------------------------------------------
  logic         inner_valid, inner_ready, inner_last, job_valid, job_ready, job_begun, room_q, spend, start;
  logic [JOB_W-1:0] inner_job;
  logic [W-1:0] inner_data;
  encap_job_t   job;

  esp_encap_front #(
      .LANES(LANES),
      .SA_ENTRIES(SA_ENTRIES)
  ) u_front (
      .clk, .rst, .enable, .ctx_wr, .seq_req, .seq_rsp, .drop,
      .s_axis_tvalid, .s_axis_tready, .s_axis_tdata, .s_axis_tlast, .s_axis_tuser,
      .inner_valid, .inner_ready, .inner_data, .inner_last, .inner_job, .job_valid, .job_ready, .job, .job_begun
  );

  logic            plain_valid, plain_first, plain_last, plain_null, plain_epoch;
  logic [W-1:0]    plain_data;
  logic [SA_W-1:0] plain_sa;
  logic [1:0]      plain_key_size;
  logic [95:0]     plain_nonce;
  logic [127:0]    plain_aad;
  logic [15:0]     plain_aad_len, plain_len;
  logic [JOB_W-1:0] plain_job;

  esp_encap_frame #(
      .LANES(LANES),
      .SA_ENTRIES(SA_ENTRIES)
  ) u_frame (
      .clk, .rst, .key_wr, .epoch, .room(room_q), .spend,
      .inner_valid, .inner_ready, .inner_data, .inner_last, .inner_job, .job_valid, .job_ready, .job, .start, .begun(job_begun),
      .m_valid(plain_valid), .m_first(plain_first), .m_last(plain_last), .m_null(plain_null), .m_data(plain_data), .m_sa(plain_sa),
      .m_key_size(plain_key_size), .m_nonce(plain_nonce), .m_aad(plain_aad), .m_aad_len(plain_aad_len), .m_len(plain_len), .m_job(plain_job), .m_epoch(plain_epoch)
  );

  logic       record_valid;
  encap_out_t record;
  esp_encap_header #(
      .LANES(LANES)
  ) u_header (
      .clk, .rst, .s_valid(start), .s_job(job), .m_valid(record_valid), .m_out(record)
  );

  // ---- cipher ------------------------------------------------------------------------------------------------------------------------
  typedef struct packed {
    logic [JOB_W-1:0] job;
    logic             epoch;
  } user_t;
  logic         cipher_valid, tag_valid, tag_null;
  logic [W-1:0] cipher_data;
  logic [127:0] tag;
  user_t        cipher_user, tag_user;

  gcm_engine #(
      .LANES(LANES),
      .SA_ENTRIES(SA_ENTRIES),
      .DECRYPT(1'b0),
      .USER_W($bits(user_t)),
      .MAX_AAD_BLOCKS(1)
  ) u_gcm (
      .clk, .rst, .key_wr,
      .s_valid(plain_valid), .s_first(plain_first), .s_last(plain_last), .s_null(plain_null), .s_data(plain_data), .s_sa(plain_sa),
      .s_key_size(plain_key_size), .s_nonce(plain_nonce), .s_aad(plain_aad), .s_aad_len(plain_aad_len), .s_len(plain_len), .s_user({plain_job, plain_epoch}),
      .m_valid(cipher_valid), .m_first(), .m_last(), .m_null(), .m_data(cipher_data), .m_user(cipher_user),
      .tag_valid, .tag_null, .tag, .tag_user
  );

  // ---- output ------------------------------------------------------------------------------------------------------------------------
  logic freed;
  esp_encap_out #(
      .LANES(LANES),
      .DEPTH(OUT_DEPTH)
  ) u_out (
      .clk, .rst, .cipher_valid, .cipher_data, .cipher_job(cipher_user.job), .tag_valid, .tag, .tag_job(tag_user.job), .record_valid, .record, .freed,
      .m_axis_tvalid, .m_axis_tready, .m_axis_tdata, .m_axis_tlast, .m_axis_tuser
  );

  // ---- credits: places in the output FIFO that no beat has claimed -------------------------------------------------------------------
  logic [CREDIT_W-1:0] credits_q, credits_d;
  assign credits_d = credits_q + CREDIT_W'(freed) - CREDIT_W'(spend);
  always_ff @(posedge clk) begin
    if (rst) begin
      credits_q <= CREDIT_W'(OUT_DEPTH);
      room_q    <= 1'b1;
    end else begin
      credits_q <= credits_d;
      room_q    <= credits_d >= CREDIT_W'(LARGEST);
    end
  end

  // ---- packets in the cipher by epoch: until their tag is out and nothing of the SA is needed any more --------------------------------
  logic accept_q, accept_epoch_q, done_q, done_epoch_q;
  always_ff @(posedge clk) begin
    accept_q       <= start && !rst;
    accept_epoch_q <= epoch;
    done_q         <= tag_valid && !rst;
    done_epoch_q   <= tag_user.epoch;
  end
  for (genvar e = 0; e < 2; e++) begin : g_epoch_count
    logic [FLIGHT_W-1:0] count_q;
    logic                enter, leave;
    assign enter            = accept_q && accept_epoch_q == 1'(e);
    assign leave            = done_q && done_epoch_q == 1'(e);
    assign inflight_zero[e] = count_q == '0;
    always_ff @(posedge clk) begin
      if (rst) count_q <= '0;
      else count_q <= count_q + FLIGHT_W'(enter) - FLIGHT_W'(leave);
    end
  end

`ifndef SYNTHESIS
  // No packet uses keys while they are written or wiped: the SAs of the packets between framer and tag, in order.
  logic [SA_W-1:0] order[$];
  always_ff @(posedge clk) begin
    if (rst) begin
      order.delete();
    end else begin
      if (start && job.ok) order.push_back(job.sa);
      if (tag_valid && !tag_null) void'(order.pop_front());
      if (key_wr.valid) begin
        for (int i = 0; i < order.size(); i++) begin
          a_keys_unused : assert (order[i] != key_wr.sa) else $error("engine_encap: keys of an SA change while a packet uses them");
        end
      end
      a_credits : assert (credits_q <= CREDIT_W'(OUT_DEPTH)) else $error("engine_encap: credits out of range");
      a_no_credit : assert (!spend || credits_q != '0) else $error("engine_encap: beat without a credit");
    end
  end
`endif

endmodule

`default_nettype wire
