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
    output logic                 check_valid,
    output logic [SA_W-1:0]      check_sa,
    output logic [31:0]          check_low,
    output logic                 check_esn,
    output logic [7:0]           check_window,
    input  logic [63:0]          check_seq,
    input  logic [1:0]           check_verdict,

    // to gcm_engine
    output logic                 cipher_valid,
    output logic                 cipher_first,
    output logic                 cipher_last,
    output logic                 cipher_null,
    output logic [128*LANES-1:0] cipher_data,
    output logic [SA_W-1:0]      cipher_sa,
    output logic [1:0]           cipher_key_size,
    output logic [95:0]          cipher_nonce,
    output logic [127:0]         cipher_aad,
    output logic [15:0]          cipher_aad_len,
    output logic [15:0]          cipher_len,
    output cipher_user_t         cipher_user,

    output logic                 enter_valid,   // one a packet, with its first cipher beat
    output info_t                enter_info,
    output logic                 received_valid,   // one a packet that is no null token: the received ICV, byte string
    output logic [127:0]         received_icv,
    output logic [JOB_W-1:0]     received_job
);

  localparam int unsigned DECIDE_AT = 11;  // cycle in which all about a packet is known
  localparam int unsigned BEAT_LOG2 = $clog2(16 * LANES);
  localparam int unsigned ROW_W     = $clog2(SA_ENTRIES);

  logic head;  // a packet's first beat
  assign head = s_valid && s_first;

  // ---- the beats, until DECIDE_AT ---------------------------------------------------------------------------------------------
  logic                 valid11, first11, epoch11;
  logic [128*LANES-1:0] data11;
  logic [JOB_W-1:0]     job11;
  logic [BEATS_W-1:0]   in_beats11, in_beats;

  // Wire beats at the input: one with a status, otherwise as the length says.
  assign in_beats = (s_user.status != STATUS_OK) ? BEATS_W'(1) : BEATS_W'((s_user.len - 16'd1) >> BEAT_LOG2) + BEATS_W'(1);

  delay_line #(
      .WIDTH(1 + 1 + JOB_W + BEATS_W + 128 * LANES),
      .DELAY(DECIDE_AT)
  ) u_beats (
      .clk,
      .rst,
      .s_valid,
      .s_data({s_first, s_epoch, s_user.job, in_beats, s_data}),
      .m_valid(valid11),
      .m_data({first11, epoch11, job11, in_beats11, data11})
  );

  // ---- outer header: cycle 4 ----------------------------------------------------------------------------------------------------
  logic    header_valid, header_valid11;
  header_t header, header11;

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
      .m_valid(header_valid11),
      .m_data(header11)
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
  localparam int unsigned CTX_PARITY_W = (CTX_W + 15) / 16;
  logic [CTX_PARITY_W-1:0] ctx_parity;
  logic             low_valid;
  logic             found_valid11, found11, fault11, esn11;
  logic [SA_W-1:0] sa11;
  logic [1:0]       key_size11;
  logic [7:0]       window11;
  logic [31:0]      salt11;

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
      .rd_data({ctx_parity, ctx})
  );

  assign check_valid  = hit5;
  assign check_sa     = sa5;
  assign check_esn    = ctx.esn;
  assign check_window = ctx.window;

  delay_line #(
      .WIDTH(32),
      .DELAY(7)
  ) u_low (
      .clk,
      .rst,
      .s_valid(head),
      .s_data(swap32(s_data[63:32])),
      .m_valid(low_valid),
      .m_data(check_low)
  );

  delay_line #(
      .WIDTH(1 + 1 + SA_W + 2 + 1 + 8),
      .DELAY(DECIDE_AT - 7)
  ) u_found (
      .clk,
      .rst,
      .s_valid(low_valid),
      .s_data({hit7_q && ctx.valid, hit7_q && CTX_PARITY_W'(parity(192'(ctx))) != ctx_parity, sa7_q, ctx.key_size, ctx.esn, ctx.window}),
      .m_valid(found_valid11),
      .m_data({found11, fault11, sa11, key_size11, esn11, window11})
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
      .rd_data(salt11)
  );

  // ---- decision: cycle 11 -------------------------------------------------------------------------------------------------------------
  logic [7:0]         status;
  logic               pass, forward, last;
  logic               open_q;           // the packet passed, and its last beat has not come
  logic [BEATS_W-1:0] number_q, number; // of the beat
  logic [BEATS_W-1:0] last_beat_q;

  always_comb begin
    status = header11.status;
    if (header11.status == STATUS_OK) begin
      if (fault11) status = STATUS_SA_FAULT;
      else if (!found11) status = STATUS_NO_SA;
      else if (check_verdict == REPLAY_IS_OLD) status = STATUS_REPLAY_OLD;
      else if (check_verdict == REPLAY_IS_BROKEN) status = STATUS_SA_FAULT;
      else if (check_verdict == REPLAY_IS_KNOWN) status = STATUS_REPLAY_DUPLICATE;
    end
  end

  assign pass    = status == STATUS_OK;
  assign number  = first11 ? '0 : number_q;
  assign last    = first11 ? (!pass || header11.last_beat == '0) : (number_q == last_beat_q);
  assign forward = valid11 && (first11 || open_q);

  // ---- to the cipher: cycle 12 -----------------------------------------------------------------------------------------------------------
  always_ff @(posedge clk) begin
    if (rst) begin
      cipher_valid <= 1'b0;
      enter_valid <= 1'b0;
      open_q  <= 1'b0;
    end else begin
      cipher_valid <= forward;
      enter_valid <= valid11 && first11;
      if (forward) open_q <= !last;
    end
    if (forward) begin
      number_q <= number + BEATS_W'(1);
      cipher_first  <= first11;
      cipher_last   <= last;
      cipher_null   <= first11 && !pass;
      cipher_data   <= data11;
    end
    if (key_wr.flush && !forward && !open_q) cipher_nonce[31:0] <= '0;
    if (forward && first11) begin
      last_beat_q <= header11.last_beat;
      cipher_sa        <= sa11;
      cipher_key_size  <= key_size11;
      cipher_nonce     <= {data11[127:64], salt11};
      cipher_aad       <= esn11 ? {32'b0, data11[63:32], swap32(check_seq[63:32]), data11[31:0]} : {64'b0, data11[63:0]};
      cipher_aad_len   <= esn11 ? 16'd12 : 16'd8;
      cipher_len       <= header11.cipher_len;
      cipher_user      <= {job11, header11.ce, header11.cipher_len};
      enter_info.job       <= job11;
      enter_info.epoch     <= epoch11;
      enter_info.sa        <= (header11.status == STATUS_OK && found11) ? sa11 : '1;
      enter_info.status    <= status;
      enter_info.seq       <= check_seq;
      enter_info.window    <= window11;
      enter_info.in_beats  <= in_beats11;
      enter_info.buf_beats <= pass ? BEATS_W'((header11.cipher_len - 16'd1) >> BEAT_LOG2) + BEATS_W'(1) : '0;
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
  logic                    lane_valid_q, received_valid_q;
  logic [127:0]            received_icv_q;
  logic [7:0]              lane_job_q, received_job_q;

  assign window_words = {cipher_data, before_q};
  assign end_word     = cipher_len[2+:WORD_W] + WORD_W'(8 - 1);  // stream bytes: cipher_len + 32

  always_ff @(posedge clk) begin
    if (rst) begin
      lane_valid_q <= 1'b0;
      received_valid_q    <= 1'b0;
    end else begin
      lane_valid_q <= cipher_valid && cipher_last && !cipher_null;
      received_valid_q    <= lane_valid_q;
    end
    if (cipher_valid) begin
      before_q <= cipher_data[128*LANES-1-:96];
      if (cipher_last) begin
        lane_q      <= window_words[128*(32'(end_word)>>2)+:224];
        lane_word_q <= end_word[1:0];
        lane_job_q  <= cipher_user.job;
      end
    end
    if (lane_valid_q) begin
      received_icv_q <= lane_q[32*lane_word_q+:128];
      received_job_q <= lane_job_q;
    end
  end

  assign received_valid = received_valid_q;
  assign received_icv   = received_icv_q;
  assign received_job   = received_job_q;

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst) begin
      a_aligned : assert ((valid11 && first11) == header_valid11 && header_valid11 == found_valid11)
      else $error("esp_decap_admit: decision out of step with the beats");
      a_complete : assert (!(valid11 && first11 && open_q)) else $error("esp_decap_admit: packet ended before its last stream beat");
    end
  end
`endif

endmodule

`default_nettype wire
