// SPDX-License-Identifier: Apache-2.0
// ESP decapsulation (RFC 4303 tunnel mode, IPv4 in IPv4, AES-GCM of RFC 4106): wire packets in, inner packets out, one for each, in order.
//
//   strip ──▶ admit ──▶ gcm_engine ─┬─▶ trailer ──▶ release ──▶ inner packet, or one beat of zeros with the reason
//             │  ▲                  └─▶ verdict ──────▲
//    lookup, context, replay check        │ replay update, behind a right ICV only
//
// - Nothing of a packet leaves before its ICV, replay check, padding, next header and inner header are in order (esp_decap_release).
// - No part between the input and the release buffer can stall. A packet is let in while the buffer has room for the largest one besides
//   every beat that is in the engine (each wire beat holds one place until its packet has left), and the FIFOs for every packet. So it
//   comes to its verdict whatever the output does.
// - The check in front sees the replay state of the packets that have left the cipher; the update behind the ICV decides. ESN is inferred
//   from the former (RFC 4303, A2.1).
// - A packet is counted under the epoch of the cycle of its first beat until its verdict; the SA manager waits for this before it wipes an SA.
//
// Throughput: a beat a cycle, any SA after any other; packets of one wire beat (below 20 bytes inner, LANES = 4) one in two cycles.
// Latency: 52 cycles from the last beat in to the first beat out, at any length and LANES: store and forward.
`default_nettype none

module engine_decap import espalier_regs_pkg::*, espalier_pkg::*, esp_decap_pkg::*, sa_pkg::*; #(
    parameter int unsigned LANES      = 4,    // 128-bit lanes of the data path: 1, 2, 4
    parameter int unsigned SA_ENTRIES = 4096  // SAs; a power of two
) (
    input  logic                 clk,
    input  logic                 rst,
    input  logic                 enable,

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
    input  in_ctx_wr_t           ctx_wr,
    input  seq_req_t             seq_req,
    output seq_rsp_t             seq_rsp,
    input  logic                 epoch,
    output logic [1:0]           inflight_zero,
    input  lookup_req_t          lookup_req,
    output lookup_rsp_t          lookup_rsp
);

  localparam int unsigned BUF_BEATS = 512 * 4 / LANES;  // 32 KiB: three packets of MAX_ESP
  localparam int unsigned PACKETS   = DECAP_PACKETS;
  localparam int unsigned SLACK     = 2;                // tready is a register: what it may let in too late
  localparam int unsigned LARGEST   = (MAX_ESP - 1) / (16 * LANES) + 1;  // beats of MAX_ESP
  localparam int unsigned ROOM_W    = $clog2(BUF_BEATS) + 1;
  localparam int unsigned COUNT_W   = $clog2(PACKETS) + 1;

  // ---- entry: credits and epochs -------------------------------------------------------------------------------------------------
  logic               ready_q, take, take_first, mid_packet_q, epoch_q;
  logic signed [ROOM_W:0] beats_q;          // buffer places held; below 0 while a rejected packet's last beats are still to come
  logic [COUNT_W-1:0] packets_q, count0_q, count1_q;  // packets inside; of them under epoch 0, 1
  logic               done, judged, judged_epoch, packet_epoch, mid_next;  // mid_next: the next beat is not a packet's first
  logic [BEATS_W-1:0] done_in_beats;
  logic     verdict_valid;
  verdict_t verdict;
  logic [1:0]         zero_q;

  assign s_axis_tready = ready_q;
  assign take          = s_axis_tvalid && ready_q;
  assign take_first    = take && !mid_packet_q;
  assign packet_epoch  = mid_packet_q ? epoch_q : epoch;
  assign mid_next      = take ? !s_axis_tlast : mid_packet_q;
  assign judged        = verdict_valid;
  assign judged_epoch  = verdict.epoch;
  assign inflight_zero = zero_q;

  always_ff @(posedge clk) begin
    if (rst) begin
      ready_q      <= 1'b0;
      mid_packet_q <= 1'b0;
      beats_q      <= '0;
      packets_q    <= '0;
      count0_q     <= '0;
      count1_q     <= '0;
      zero_q       <= 2'b11;
    end else begin
      ready_q   <= enable && (mid_next || (beats_q < $signed((ROOM_W + 1)'(BUF_BEATS - LARGEST - SLACK)) && packets_q < COUNT_W'(PACKETS - SLACK)));
      beats_q   <= beats_q + $signed((ROOM_W + 1)'(take)) - (done ? $signed((ROOM_W + 1)'(done_in_beats)) : '0);
      packets_q <= packets_q + COUNT_W'(take_first) - COUNT_W'(done);
      count0_q  <= count0_q + COUNT_W'(take_first && !epoch) - COUNT_W'(judged && !judged_epoch);
      count1_q  <= count1_q + COUNT_W'(take_first && epoch) - COUNT_W'(judged && judged_epoch);
      zero_q    <= {count1_q == '0 && !(take_first && epoch), count0_q == '0 && !(take_first && !epoch)};
      if (take) mid_packet_q <= !s_axis_tlast;
    end
    if (take_first) epoch_q <= epoch;
  end

  // ---- to the cipher ---------------------------------------------------------------------------------------------------------------
  logic                 stream_valid, stream_first, stream_epoch;
  logic [128*LANES-1:0] stream_data;
  esp_in_t              stream_user;
  logic [159:0]         stream_outer;
  logic                 check_valid, check_esn;
  logic [SA_W-1:0]      check_sa, update_sa, cipher_sa;
  logic [31:0]          check_low;
  logic [7:0]           check_window, update_window;
  logic [63:0]          check_seq, update_seq;
  logic [1:0]           check_verdict, update_verdict, cipher_key_size;
  logic                 update_valid, update_verified;
  logic                 cipher_valid, cipher_first, cipher_last, cipher_null;
  logic [128*LANES-1:0] cipher_data;
  logic [95:0]          cipher_nonce;
  logic [127:0]         cipher_aad;
  logic [15:0]          cipher_aad_len, cipher_len;
  cipher_user_t         cipher_user, plain_user, tag_user;
  logic [JOB_W-1:0]     received_job, buf_job;
  logic                 enter_valid, received_valid;
  info_t                enter_info;
  logic [127:0]         received_icv, tag;
  logic                 plain_valid, plain_first, plain_last, plain_null, tag_valid, tag_null;
  logic [128*LANES-1:0] plain_data, buf_data;
  logic                 buf_valid, parsed_valid;
  trailer_t             parsed_trailer;

  esp_decap_strip #(
      .LANES(LANES)
  ) u_strip (
      .clk,
      .rst,
      .s_valid(take),
      .s_last(s_axis_tlast),
      .s_data(s_axis_tdata),
      .s_user(s_axis_tuser),
      .s_epoch(packet_epoch),
      .m_valid(stream_valid),
      .m_first(stream_first),
      .m_data(stream_data),
      .m_user(stream_user),
      .m_epoch(stream_epoch),
      .m_outer(stream_outer)
  );

  esp_decap_admit #(
      .LANES(LANES),
      .SA_ENTRIES(SA_ENTRIES)
  ) u_admit (
      .clk,
      .rst,
      .s_valid(stream_valid),
      .s_first(stream_first),
      .s_data(stream_data),
      .s_user(stream_user),
      .s_epoch(stream_epoch),
      .s_outer(stream_outer),
      .key_wr,
      .ctx_wr,
      .lookup_req,
      .lookup_rsp,
      .check_valid,
      .check_sa,
      .check_low,
      .check_esn,
      .check_window,
      .check_seq,
      .check_verdict,
      .cipher_valid,
      .cipher_first,
      .cipher_last,
      .cipher_null,
      .cipher_data,
      .cipher_sa,
      .cipher_key_size,
      .cipher_nonce,
      .cipher_aad,
      .cipher_aad_len,
      .cipher_len,
      .cipher_user,
      .enter_valid,
      .enter_info,
      .received_valid,
      .received_icv,
      .received_job
  );

  replay #(
      .SA_ENTRIES(SA_ENTRIES)
  ) u_replay (
      .clk,
      .rst,
      .check_valid,
      .check_sa,
      .check_low,
      .check_esn,
      .check_window,
      .check_seq,
      .check_verdict,
      .update_valid,
      .update_verified,
      .update_sa,
      .update_seq,
      .update_window,
      .update_verdict,
      .seq_req,
      .seq_rsp
  );

  gcm_engine #(
      .LANES(LANES),
      .SA_ENTRIES(SA_ENTRIES),
      .DECRYPT(1'b1),
      .USER_W($bits(cipher_user_t)),
      .MAX_AAD_BLOCKS(1)
  ) u_gcm (
      .clk,
      .rst,
      .key_wr,
      .s_valid(cipher_valid),
      .s_first(cipher_first),
      .s_last(cipher_last),
      .s_null(cipher_null),
      .s_data(cipher_data),
      .s_sa(cipher_sa),
      .s_key_size(cipher_key_size),
      .s_nonce(cipher_nonce),
      .s_aad(cipher_aad),
      .s_aad_len(cipher_aad_len),
      .s_len(cipher_len),
      .s_user(cipher_user),
      .m_valid(plain_valid),
      .m_first(plain_first),
      .m_last(plain_last),
      .m_null(plain_null),
      .m_data(plain_data),
      .m_user(plain_user),
      .tag_valid,
      .tag_null,
      .tag,
      .tag_user
  );

  // ---- behind the cipher --------------------------------------------------------------------------------------------------------------
  esp_decap_trailer #(
      .LANES(LANES)
  ) u_trailer (
      .clk,
      .rst,
      .s_valid(plain_valid),
      .s_first(plain_first),
      .s_last(plain_last),
      .s_null(plain_null),
      .s_data(plain_data),
      .s_user(plain_user),
      .buf_valid,
      .buf_data,
      .buf_job,
      .m_valid(parsed_valid),
      .m_trailer(parsed_trailer)
  );

  esp_decap_verdict u_judge (
      .clk,
      .rst,
      .enter_valid,
      .enter_info,
      .received_valid,
      .received_icv,
      .received_job,
      .tag_valid,
      .tag_null,
      .tag,
      .tag_job(tag_user.job),
      .parsed_valid,
      .parsed_trailer,
      .update_valid,
      .update_verified,
      .update_sa,
      .update_seq,
      .update_window,
      .update_verdict,
      .m_valid(verdict_valid),
      .m_verdict(verdict)
  );

  esp_decap_release #(
      .LANES(LANES),
      .BUF_BEATS(BUF_BEATS)
  ) u_release (
      .clk,
      .rst,
      .buf_valid,
      .buf_data,
      .buf_job,
      .verdict_valid,
      .verdict,
      .m_axis_tvalid,
      .m_axis_tready,
      .m_axis_tdata,
      .m_axis_tlast,
      .m_axis_tuser,
      .done,
      .done_in_beats
  );

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst) begin
      a_beats : assert (beats_q <= $signed((ROOM_W + 1)'(BUF_BEATS))) else $error("engine_decap: more beats inside than the buffer holds");
      a_packets : assert (32'(packets_q) <= PACKETS) else $error("engine_decap: more packets inside than the FIFOs hold");
      a_epochs : assert (packets_q >= count0_q + count1_q) else $error("engine_decap: packets and epochs disagree");
      a_size : assert (!take || s_axis_tuser.status != STATUS_OK || 32'(s_axis_tuser.len) <= MAX_ESP)
      else $error("engine_decap: packet above MAX_ESP");
    end
  end
`endif

endmodule

`default_nettype wire
