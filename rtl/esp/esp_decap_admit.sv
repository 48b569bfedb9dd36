// SPDX-License-Identifier: Apache-2.0
// Decides about a packet in front of the cipher: SA lookup, context, anti-replay check (RFC 4303, 3.4.2 and 3.4.3). A packet that fails goes
// on as a null token with its status, its other beats are dropped; one that passes goes into gcm_engine with key, nonce and AAD
// (RFC 4106, 4 and 5), and its received ICV is kept for the comparison.
//
//   cycle  0          4            5         7                   11                        12            14
//        first beat  header_t   lookup hit  context, state    sequence number, verdict    cipher beats  ICV
// The beats wait in a delay line for as long. Latency 12 cycles, a beat a cycle, never stalls.
`default_nettype none

module esp_decap_admit import espalier_regs_pkg::*, espalier_pkg::*, esp_decap_pkg::*, esp_pkg::*, sa_pkg::*; #(
    parameter int unsigned LANES      = 4,    // 128-bit lanes: 1, 2, 4
    parameter int unsigned SA_ENTRIES = 4096  // SAs; a power of two
) (
    input  logic                 clk,
    input  logic                 rst,

    input  logic                 s_valid,
    input  logic                 s_first,
    input  logic [128*LANES-1:0] s_data,
    input  esp_in_t              s_user,
    input  logic                 s_epoch,
    input  logic [159:0]         s_outer,

    input  key_wr_t              key_wr,
    input  in_ctx_wr_t           ctx_wr,
    input  lookup_req_t          lookup_req,
    output lookup_rsp_t          lookup_rsp,

    // replay's check port
    output logic                 c_valid,
    output logic [SA_W-1:0]      c_sa,
    output logic [31:0]          c_low,
    output logic                 c_esn,
    output logic [7:0]           c_window,
    input  logic [63:0]          c_seq,
    input  logic [1:0]           c_verdict,

    // to gcm_engine
    output logic                 g_valid,
    output logic                 g_first,
    output logic                 g_last,
    output logic                 g_null,
    output logic [128*LANES-1:0] g_data,
    output logic [SA_W-1:0]      g_sa,
    output logic [1:0]           g_key_size,
    output logic [95:0]          g_nonce,
    output logic [127:0]         g_aad,
    output logic [15:0]          g_aad_len,
    output logic [15:0]          g_len,
    output logic [24:0]          g_user,    // {job, outer ECN is CE, payload bytes}

    output logic                 i_valid,   // one a packet, with its first cipher beat
    output info_t                i_info,
    output logic                 v_valid,   // one a packet that is no null token: the received ICV, byte string
    output logic [127:0]         v_icv,
    output logic [7:0]           v_job
);

  localparam int unsigned DECIDE_AT = 11;  // cycle in which all about a packet is known
  localparam int unsigned BEAT_LOG2 = $clog2(16 * LANES);
  localparam int unsigned ROW_W     = $clog2(SA_ENTRIES);

  logic head;  // a packet's first beat
  assign head = s_valid && s_first;

  // ---- the beats, until DECIDE_AT ---------------------------------------------------------------------------------------------
  logic                 d_valid, d_first, d_epoch;
  logic [128*LANES-1:0] d_data;
  logic [7:0]           d_job;
  logic [BEATS_W-1:0]   d_in_beats, in_beats;

  // Wire beats at the input: one with a status, otherwise as the length says.
  assign in_beats = (s_user.status != STATUS_OK) ? BEATS_W'(1) : BEATS_W'((s_user.len - 16'd1) >> BEAT_LOG2) + BEATS_W'(1);

  delay_line #(
      .WIDTH(1 + 1 + 8 + BEATS_W + 128 * LANES),
      .DELAY(DECIDE_AT)
  ) u_beats (
      .clk,
      .rst,
      .s_valid,
      .s_data({s_first, s_epoch, s_user.job, in_beats, s_data}),
      .m_valid(d_valid),
      .m_data({d_first, d_epoch, d_job, d_in_beats, d_data})
  );

  // ---- outer header: cycle 4 ----------------------------------------------------------------------------------------------------
  logic    header_valid, d_header_valid;
  header_t header, d_header;

  esp_decap_header #(
      .LANES(LANES)
  ) u_header (
      .clk,
      .rst,
      .s_valid(head),
      .s_user,
      .s_outer,
      .m_valid(header_valid),
      .m_header(header)
  );

  delay_line #(
      .WIDTH($bits(header)),
      .DELAY(DECIDE_AT - 4)
  ) u_header_wait (
      .clk,
      .rst,
      .s_valid(header_valid),
      .s_data(header),
      .m_valid(d_header_valid),
      .m_data(d_header)
  );

  // ---- lookup: cycle 5 ------------------------------------------------------------------------------------------------------------
  logic            hit5, hit6_q, hit7_q, hit8_q, hit9_q;
  logic [SA_W-1:0] sa5, sa6_q, sa7_q, sa8_q, sa9_q;

  sa_lookup #(
      .SA_ENTRIES(SA_ENTRIES)
  ) u_lookup (
      .clk,
      .rst,
      .s_valid(head),
      .s_spi(swap32(s_data[31:0])),
      .s_dst(swap32(s_outer[159:128])),
      .m_hit(hit5),
      .m_sa(sa5),
      .req(lookup_req),
      .rsp(lookup_rsp)
  );

  always_ff @(posedge clk) begin
    hit6_q <= hit5;
    hit7_q <= hit6_q;
    hit8_q <= hit7_q;
    hit9_q <= hit8_q;
    sa6_q  <= sa5;
    sa7_q  <= sa6_q;
    sa8_q  <= sa7_q;
    sa9_q  <= sa8_q;
  end

  // ---- context and replay state: cycle 7 --------------------------------------------------------------------------------------------
  in_ctx_t ctx;
  localparam int unsigned CTX_W = $bits(ctx);
  localparam int unsigned CTX_PARITY_W = 5;
  logic [CTX_W-1:0] ctx_bits;
  logic [CTX_PARITY_W-1:0] ctx_parity;
  logic             low_valid;
  logic             d_found_valid, d_found, d_fault, d_esn;
  logic [SA_W-1:0] d_sa;
  logic [1:0]       d_key_size;
  logic [7:0]       d_window;
  logic [31:0]      d_salt;

  ram_sdp #(
      .WIDTH(CTX_PARITY_W + CTX_W),
      .DEPTH(SA_ENTRIES),
      .READ_LATENCY(2),
      .OLD_WORD(1'b1),
      .STYLE("block")
  ) u_ctx (
      .clk,
      .wr_en(ctx_wr.valid),
      .wr_addr(ctx_wr.sa[ROW_W-1:0]),
      .wr_strb(1'b1),
      .wr_data({CTX_PARITY_W'(parity(192'(ctx_wr.ctx))), ctx_wr.ctx}),
      .rd_en(hit5),
      .rd_addr(sa5[ROW_W-1:0]),
      .rd_data({ctx_parity, ctx_bits})
  );

  assign ctx      = ctx_bits;
  assign c_valid  = hit5;
  assign c_sa     = sa5;
  assign c_esn    = ctx.esn;
  assign c_window = ctx.window;

  delay_line #(
      .WIDTH(32),
      .DELAY(7)
  ) u_low (
      .clk,
      .rst,
      .s_valid(head),
      .s_data(swap32(s_data[63:32])),
      .m_valid(low_valid),
      .m_data(c_low)
  );

  delay_line #(
      .WIDTH(1 + 1 + SA_W + 2 + 1 + 8),
      .DELAY(DECIDE_AT - 7)
  ) u_found (
      .clk,
      .rst,
      .s_valid(low_valid),
      .s_data({hit7_q && ctx.valid, hit7_q && CTX_PARITY_W'(parity(192'(ctx_bits))) != ctx_parity, sa7_q, ctx.key_size, ctx.esn, ctx.window}),
      .m_valid(d_found_valid),
      .m_data({d_found, d_fault, d_sa, d_key_size, d_esn, d_window})
  );

  // ---- the salt (RFC 4106, 4): asked in cycle 9, so that no delay line holds one -----------------------------------------------------
  ram_sdp #(
      .WIDTH(32),
      .DEPTH(SA_ENTRIES),
      .READ_LATENCY(2),
      .OLD_WORD(1'b0),
      .STYLE("block")
  ) u_salt (
      .clk,
      .wr_en(key_wr.valid && (key_wr.all || key_wr.slot == SLOT_SALT)),
      .wr_addr(key_wr.sa[ROW_W-1:0]),
      .wr_strb(1'b1),
      .wr_data(key_wr.data[31:0]),
      .rd_en(hit9_q || key_wr.flush),
      .rd_addr(hit9_q ? sa9_q[ROW_W-1:0] : key_wr.sa[ROW_W-1:0]),
      .rd_data(d_salt)
  );

  // ---- decision: cycle 11 -------------------------------------------------------------------------------------------------------------
  logic [7:0]         status;
  logic               pass, forward, last;
  logic               open_q;           // the packet passed, and its last beat has not come
  logic [BEATS_W-1:0] number_q, number; // of the beat
  logic [BEATS_W-1:0] last_beat_q;

  always_comb begin
    status = d_header.status;
    if (d_header.status == STATUS_OK) begin
      if (d_fault) status = STATUS_SA_FAULT;
      else if (!d_found) status = STATUS_NO_SA;
      else if (c_verdict == REPLAY_IS_OLD) status = STATUS_REPLAY_OLD;
      else if (c_verdict == REPLAY_IS_BROKEN) status = STATUS_SA_FAULT;
      else if (c_verdict == REPLAY_IS_KNOWN) status = STATUS_REPLAY_DUPLICATE;
    end
  end

  assign pass    = status == STATUS_OK;
  assign number  = d_first ? '0 : number_q;
  assign last    = d_first ? (!pass || d_header.last_beat == '0) : (number_q == last_beat_q);
  assign forward = d_valid && (d_first || open_q);

  // ---- to the cipher: cycle 12 -----------------------------------------------------------------------------------------------------------
  always_ff @(posedge clk) begin
    if (rst) begin
      g_valid <= 1'b0;
      i_valid <= 1'b0;
      open_q  <= 1'b0;
    end else begin
      g_valid <= forward;
      i_valid <= d_valid && d_first;
      if (forward) open_q <= !last;
    end
    if (forward) begin
      number_q <= number + BEATS_W'(1);
      g_first  <= d_first;
      g_last   <= last;
      g_null   <= d_first && !pass;
      g_data   <= d_data;
    end
    if (key_wr.flush && !forward && !open_q) g_nonce[31:0] <= '0;
    if (forward && d_first) begin
      last_beat_q <= d_header.last_beat;
      g_sa        <= d_sa;
      g_key_size  <= d_key_size;
      g_nonce     <= {d_data[127:64], d_salt};
      g_aad       <= d_esn ? {32'b0, d_data[63:32], swap32(c_seq[63:32]), d_data[31:0]} : {64'b0, d_data[63:0]};
      g_aad_len   <= d_esn ? 16'd12 : 16'd8;
      g_len       <= d_header.c;
      g_user      <= {d_job, d_header.ce, d_header.c};
      i_info.job       <= d_job;
      i_info.epoch     <= d_epoch;
      i_info.sa        <= (d_header.status == STATUS_OK && d_found) ? d_sa : '1;
      i_info.status    <= status;
      i_info.seq       <= c_seq;
      i_info.window    <= d_window;
      i_info.in_beats  <= d_in_beats;
      i_info.buf_beats <= pass ? BEATS_W'((d_header.c - 16'd1) >> BEAT_LOG2) + BEATS_W'(1) : '0;
    end
  end

  // ---- the received ICV: the 4 words that end the stream; cycles 13 and 14, first its lane and what may lie in the next, then its words -----
  localparam int unsigned WORDS  = 4 * LANES;  // of a beat
  localparam int unsigned WORD_W = $clog2(WORDS);

  logic [95:0]             before_q;      // last 3 words of the beat before
  logic [32*(WORDS+3)-1:0] window_words;
  logic [WORD_W-1:0]       end_word;      // the stream's last word, in its beat
  logic [223:0]            lane_q;
  logic [1:0]              lane_word_q;
  logic                    lane_valid_q, v_valid_q;
  logic [127:0]            v_icv_q;
  logic [7:0]              lane_job_q, v_job_q;

  assign window_words = {g_data, before_q};
  assign end_word     = g_len[2+:WORD_W] + WORD_W'(8 - 1);  // stream bytes: c + 32

  always_ff @(posedge clk) begin
    if (rst) begin
      lane_valid_q <= 1'b0;
      v_valid_q    <= 1'b0;
    end else begin
      lane_valid_q <= g_valid && g_last && !g_null;
      v_valid_q    <= lane_valid_q;
    end
    if (g_valid) begin
      before_q <= g_data[128*LANES-1-:96];
      if (g_last) begin
        lane_q      <= window_words[128*(32'(end_word)>>2)+:224];
        lane_word_q <= end_word[1:0];
        lane_job_q  <= g_user[24:17];
      end
    end
    if (lane_valid_q) begin
      v_icv_q <= lane_q[32*lane_word_q+:128];
      v_job_q <= lane_job_q;
    end
  end

  assign v_valid = v_valid_q;
  assign v_icv   = v_icv_q;
  assign v_job   = v_job_q;

  logic unused;
  assign unused = &{1'b0, s_user.sa, s_outer, ctx_wr.sa, sa5, sa9_q, key_wr, ctx.spi, ctx.dst, d_header_valid, d_found_valid};

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst) begin
      a_aligned : assert ((d_valid && d_first) == d_header_valid && d_header_valid == d_found_valid)
      else $error("esp_decap_admit: decision out of step with the beats");
      a_complete : assert (!(d_valid && d_first && open_q)) else $error("esp_decap_admit: packet ended before its last stream beat");
    end
  end
`endif

endmodule

`default_nettype wire
