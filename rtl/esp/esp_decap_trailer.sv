// SPDX-License-Identifier: Apache-2.0
// Takes the decrypted stream beats: moves the payload to lane 0 and writes it to the release buffer, and finds out meanwhile what the
// trailer and the inner header say (RFC 4303, 2.4 to 2.7; RFC 6040, 4.2). Nothing of this is believed before the ICV is right: the verdict
// decides, and the buffer's reader follows the verdict.
//
// Padding 1, 2, ... n in front of the pad length n, up to 255 bytes over several beats: a byte that is not its predecessor plus one is a
// break. The padding is right when its last byte is n and no break lies behind its first byte; only the last break so far is kept.
//
//   checks, first failure wins: padding longer than the payload, or wrong: BAD_PADDING; next header 59: DUMMY, not 4: BAD_NEXT_HEADER;
//   inner version, header length, total length beyond the payload: INNER_MALFORMED; outer CE on an inner packet without ECN: ECN_INVALID.
// Outer CE on an ECN-capable inner packet: the first beat is written with CE and the checksum that follows (RFC 1624, equation 3).
//
//   cycle  0        1         2        3          4            7
//        s_data   aligned   breaks   buf write  last break   m_trailer        (a packet's last payload beat)
// Latency 3 cycles to the buffer, 7 to the result; a beat a cycle; never stalls.
`default_nettype none

module esp_decap_trailer import espalier_regs_pkg::*, espalier_pkg::*, esp_decap_pkg::*, esp_pkg::*; #(
    parameter int unsigned LANES = 4  // 128-bit lanes: 1, 2, 4
) (
    input  logic                 clk,
    input  logic                 rst,
    input  logic                 s_valid,    // from gcm_engine
    input  logic                 s_first,
    input  logic                 s_last,
    input  logic                 s_null,
    input  logic [128*LANES-1:0] s_data,
    input  cipher_user_t         s_user,
    output logic                 buf_valid,  // the next payload beat
    output logic [128*LANES-1:0] buf_data,
    output logic [JOB_W-1:0]     buf_job,
    output logic                 m_valid,    // one a packet that is no null token
    output trailer_t             m_trailer
);

  localparam int unsigned BEAT      = 16 * LANES;  // bytes
  localparam int unsigned BEAT_LOG2 = $clog2(BEAT);
  localparam logic [1:0]  ECN_CE    = 2'b11;

  // ---- alignment: payload beat n is stream beat n without lane 0 and lane 0 of stream beat n + 1 ------------------------------------
  logic                 emit, flush_q;
  logic [BEATS_W-1:0]   number_q;     // of the payload beat
  logic [BEATS_W-1:0]   final_beat;   // number of the last one
  cipher_user_t         user_q, user;
  logic [128*LANES-1:0] aligned;

  assign user       = flush_q ? user_q : s_user;
  assign final_beat = BEATS_W'((user.cipher_len - 16'd1) >> BEAT_LOG2);
  assign emit       = (flush_q || (s_valid && !s_first)) && number_q <= final_beat;

  if (LANES == 1) begin : g_straight
    assign aligned = s_data;
  end else begin : g_shift
    logic [128*(LANES-1)-1:0] prev_q;
    always_ff @(posedge clk) begin
      if (s_valid) prev_q <= s_data[128*LANES-1:128];
    end
    assign aligned = {s_data[127:0], prev_q};
  end

  // The cycle behind a packet's last beat is free: a first beat gives no payload beat.
  always_ff @(posedge clk) begin
    if (rst) flush_q <= 1'b0;
    else flush_q <= (LANES != 1) && s_valid && s_last && !s_null;
    if (s_valid) user_q <= s_user;
    if (s_valid && s_first) number_q <= '0;
    else if (emit) number_q <= number_q + BEATS_W'(1);
  end

  // ---- 1: aligned -----------------------------------------------------------------------------------------------------------------------
  logic                 valid1_q, first1_q, last1_q, ce1_q;
  logic [128*LANES-1:0] data1_q;
  logic [15:0]          c1_q;
  logic [JOB_W-1:0]     job1_q, job2_q, job3_q, job4_q, job5_q, job6_q;
  logic [BEATS_W-1:0]   number1_q;

  always_ff @(posedge clk) begin
    if (rst) valid1_q <= 1'b0;
    else valid1_q <= emit;
    if (emit) begin
      first1_q  <= number_q == '0;
      last1_q   <= number_q == final_beat;
      number1_q <= number_q;
      data1_q   <= aligned;
      ce1_q     <= user.ce;
      c1_q      <= user.cipher_len;
      job1_q    <= user.job;
    end
  end

  // ---- 2: breaks, last word, inner header ---------------------------------------------------------------------------------------------------
  localparam int unsigned WORD_W = BEAT_LOG2 - 2;
  logic [BEAT-1:0]      breaks1;
  logic [7:0]           byte_before_q;    // last byte of the beat before
  logic [WORD_W-1:0]    last_word1;       // the payload's last word, in its beat
  logic                 mark1;            // the inner header gets CE
  logic                 valid2_q, last2_q, mark2_q;
  logic [BEAT-1:0]      breaks2_q;
  logic [128*LANES-1:0] data2_q;
  logic [31:0]          word2_q;
  logic [WORD_W-1:0]    last_word2_q;
  logic [15:0]          c2_q, csum2_q;
  logic [BEATS_W-1:0]   number2_q;
  // of the inner header, from the packet's first beat on
  logic                 inner_bad2_q, ecn_bad2_q;
  logic [15:0]          inner_len2_q;
  logic [5:0]           inner_header2_q;  // bytes

  assign last_word1 = c1_q[2+:WORD_W] - WORD_W'(1);
  assign mark1      = first1_q && ce1_q && data1_q[9:8] != 2'b00 && data1_q[9:8] != ECN_CE;

  for (genvar i = 0; i < BEAT; i++) begin : g_break
    if (i == 0) begin : g_first
      assign breaks1[i] = first1_q || data1_q[7:0] != byte_before_q + 8'd1;
    end else begin : g_other
      assign breaks1[i] = data1_q[8*i+:8] != data1_q[8*i-8+:8] + 8'd1;
    end
  end

  always_ff @(posedge clk) begin
    if (rst) valid2_q <= 1'b0;
    else valid2_q <= valid1_q;
    if (valid1_q) begin
      last2_q       <= last1_q;
      number2_q     <= number1_q;
      c2_q          <= c1_q;
      job2_q        <= job1_q;
      data2_q       <= data1_q;
      breaks2_q     <= breaks1;
      byte_before_q <= data1_q[8*BEAT-1-:8];
      word2_q       <= data1_q[32*last_word1+:32];
      last_word2_q  <= last_word1;
      mark2_q       <= mark1;
      // The TOS word grows by 3 - ECN, so the inverted checksum grows by as much.
      csum2_q       <= add16(~swap16(data1_q[95:80]), data1_q[8] ? 16'd2 : 16'd1);
    end
    if (valid1_q && first1_q) begin
      inner_bad2_q    <= data1_q[7:4] != 4'd4 || data1_q[3:0] < 4'd5;
      inner_header2_q <= {data1_q[3:0], 2'b00};
      inner_len2_q    <= swap16(data1_q[31:16]);
      ecn_bad2_q      <= ce1_q && data1_q[9:8] == 2'b00;
    end
  end

  // ---- 3: to the buffer; the last break of a lane --------------------------------------------------------------------------------------------
  localparam int unsigned PAD_BYTE = 1;   // of the last word: last pad byte, pad length, next header are bytes 1, 2, 3
  logic [LANES-1:0]     any3_q;           // lane has a break
  logic [LANES-1:0][3:0] at3_q;           // the last one in it
  logic                 valid3_q, last3_q;
  logic [128*LANES-1:0] data3_q;
  logic [31:0]          word3_q;
  logic [15:0]          c3_q, inner_len3_q;
  logic [5:0]           inner_header3_q;
  logic                 inner_bad3_q, ecn_bad3_q;
  logic [BEATS_W-1:0]   number3_q;

  // Behind the last pad byte nothing counts.
  logic [BEAT-1:0] behind2, counted2;
  assign behind2  = last2_q ? ({BEAT{1'b1}} << {last_word2_q, 2'(PAD_BYTE + 1)}) : '0;
  assign counted2 = breaks2_q & ~behind2;

  for (genvar l = 0; l < LANES; l++) begin : g_lane
    logic [3:0] at;
    always_comb begin
      at = '0;
      for (int unsigned i = 0; i < 16; i++) begin
        if (counted2[16*l+i]) at = 4'(i);
      end
    end
    always_ff @(posedge clk) begin
      if (valid2_q) begin
        any3_q[l] <= counted2[16*l+:16] != '0;
        at3_q[l]  <= at;
      end
    end
  end

  always_ff @(posedge clk) begin
    if (rst) valid3_q <= 1'b0;
    else valid3_q <= valid2_q;
    if (valid2_q) begin
      data3_q <= data2_q;
      if (mark2_q) begin
        data3_q[9:8]   <= ECN_CE;
        data3_q[95:80] <= swap16(~csum2_q);
      end
      last3_q         <= last2_q;
      word3_q         <= word2_q;
      c3_q            <= c2_q;
      job3_q          <= job2_q;
      number3_q       <= number2_q;
      inner_bad3_q    <= inner_bad2_q;
      inner_header3_q <= inner_header2_q;
      inner_len3_q    <= inner_len2_q;
      ecn_bad3_q      <= ecn_bad2_q;
    end
  end

  assign buf_valid = valid3_q;
  assign buf_data  = data3_q;
  assign buf_job   = job3_q;

  // ---- 4: the last break of the packet ---------------------------------------------------------------------------------------------------------
  logic [15:0] break3, break_q, break4_q;   // byte of the payload
  logic        done4_q;
  logic [31:0] word4_q;
  logic [15:0] c4_q, inner_len4_q;
  logic [5:0]  inner_header4_q;
  logic        inner_bad4_q, ecn_bad4_q;

  always_comb begin
    break3 = break_q;
    for (int unsigned l = 0; l < LANES; l++) begin
      if (any3_q[l]) break3 = 16'({number3_q, BEAT_LOG2'({l, at3_q[l]})});
    end
  end

  always_ff @(posedge clk) begin
    if (rst) done4_q <= 1'b0;
    else done4_q <= valid3_q && last3_q;
    if (valid3_q) break_q <= break3;
    if (valid3_q && last3_q) begin
      break4_q        <= break3;
      word4_q         <= word3_q;
      c4_q            <= c3_q;
      job4_q          <= job3_q;
      inner_bad4_q    <= inner_bad3_q;
      inner_header4_q <= inner_header3_q;
      inner_len4_q    <= inner_len3_q;
      ecn_bad4_q      <= ecn_bad3_q;
    end
  end

  // ---- 5: where the padding begins ---------------------------------------------------------------------------------------------------------------
  logic        done5_q, too_long5_q, no_pad5_q, last_pad5_q, dummy5_q, next_bad5_q, inner_bad5_q, ecn_bad5_q;
  logic [16:0] payload4;                    // bytes in front of the padding, below 0 if there is more padding than payload
  logic [15:0] payload5_q, break5_q, inner_len5_q;

  assign payload4 = {1'b0, c4_q} - 17'd2 - {9'b0, word4_q[23:16]};

  // ---- 6, 7: results ---------------------------------------------------------------------------------------------------------------------------------
  logic        done6_q, pad_bad6_q, dummy6_q, next_bad6_q, inner_bad6_q, ecn_bad6_q;
  logic [15:0] last_byte6_q;

  always_ff @(posedge clk) begin
    if (rst) begin
      done5_q <= 1'b0;
      done6_q <= 1'b0;
      m_valid <= 1'b0;
    end else begin
      done5_q <= done4_q;
      done6_q <= done5_q;
      m_valid <= done6_q;
    end
    if (done4_q) begin
      job5_q       <= job4_q;
      too_long5_q  <= payload4[16];
      payload5_q   <= payload4[15:0];
      no_pad5_q    <= word4_q[23:16] == '0;
      last_pad5_q  <= word4_q[15:8] == word4_q[23:16];
      break5_q     <= break4_q;
      dummy5_q     <= word4_q[31:24] == IPPROTO_NONE;
      next_bad5_q  <= word4_q[31:24] != IPPROTO_IPIP;
      inner_bad5_q <= inner_bad4_q || inner_len4_q < {10'b0, inner_header4_q};
      inner_len5_q <= inner_len4_q;
      ecn_bad5_q   <= ecn_bad4_q;
    end
    if (done5_q) begin
      pad_bad6_q   <= too_long5_q || !(no_pad5_q || (last_pad5_q && break5_q <= payload5_q));
      job6_q       <= job5_q;
      dummy6_q     <= dummy5_q;
      next_bad6_q  <= next_bad5_q;
      inner_bad6_q <= inner_bad5_q || inner_len5_q > payload5_q;
      last_byte6_q <= inner_len5_q - 16'd1;
      ecn_bad6_q   <= ecn_bad5_q;
    end
    if (done6_q) begin
      m_trailer.job       <= job6_q;
      m_trailer.last_byte <= last_byte6_q;
      if (pad_bad6_q) m_trailer.status <= STATUS_BAD_PADDING;
      else if (dummy6_q) m_trailer.status <= STATUS_DUMMY;
      else if (next_bad6_q) m_trailer.status <= STATUS_BAD_NEXT_HEADER;
      else if (inner_bad6_q) m_trailer.status <= STATUS_INNER_MALFORMED;
      else if (ecn_bad6_q) m_trailer.status <= STATUS_ECN_INVALID;
      else m_trailer.status <= STATUS_OK;
    end
  end

endmodule

`default_nettype wire
