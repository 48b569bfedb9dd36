// SPDX-License-Identifier: Apache-2.0
// proof axis_rotate: bmc 14
// proof axis_rotate-fixed: bmc 14 FIXED=1
// Packets of up to 4 beats, at any rate on both sides. Any one word (`watch`, `lane`) is followed: it leaves once, in the packet and at the place that its
// header says, unless it is one of those left out. What no word came for is 0. A packet has the beats that its geometry says, and none is held up: while the reader takes, each
// cycle takes a beat that is there, or gives one.
`default_nettype none

module p_axis_rotate #(
    parameter int FIXED = -1
) (
    input logic       clk,
    input logic       rst,
    input logic       watch,
    input logic [1:0] lane,
    input logic       s_valid,
    input logic [3:0] s_data,
    input logic       s_last,
    input logic [1:0] s_up,
    input logic [1:0] s_skip,
    input logic       s_more,
    input logic       m_ready
);
  logic s_ready, m_valid, m_last, m_user;
  logic [3:0] m_data;
  logic [1:0] packet_in_q, packet_out_q;  // packets that have come whole, that have left whole: the cell holds less than two

  p_reset u_reset (.*);
  axis_rotate #(.WORDS(4), .WORD_W(1), .FIXED(FIXED), .SKIP_W(2), .USER_W(1)) u_rotate (
      .clk, .rst, .s_axis_tvalid(s_valid), .s_axis_tready(s_ready), .s_axis_tdata(s_data), .s_axis_tlast(s_last), .s_axis_tuser(packet_in_q[0]),
      .s_axis_up(s_up), .s_axis_skip(s_skip), .s_axis_more(s_more),
      .m_axis_tvalid(m_valid), .m_axis_tready(m_ready), .m_axis_tdata(m_data), .m_axis_tlast(m_last), .m_axis_tuser(m_user)
  );

  // ---- the sender: nothing changes while it waits, nor what is the packet's over a packet ------------------------------------------
  logic [2:0] beat_in_q;
  logic       wait_q, wait_last_q;
  logic [3:0] wait_data_q;
  logic [1:0] up_q, skip_q, up;
  logic       more_q;
  assign up = (FIXED >= 0) ? 2'(FIXED) : s_up;
  always_comb begin
    m_waits : assume (!wait_q || (s_valid && s_data == wait_data_q && s_last == wait_last_q));
    m_packet : assume ((beat_in_q == '0 && !wait_q) || (s_up == up_q && s_skip == skip_q && s_more == more_q));
    m_short : assume (beat_in_q < 3'd3 || s_last);
    m_not_all : assume (!s_last || beat_in_q >= 3'(s_skip));
  end

  // ---- the watched word, and each packet's shape ----------------------------------------------------------------------------------------
  logic       take, give, watch_it, marked_q, inside_q, word_q;
  logic [1:0] packet_q;
  logic [5:0] place, place_q;  // word of the packet that leaves
  logic [2:0] beat_out_q;
  logic [2:0] beats_q[0:3];    // that leave, of a packet that has come whole
  logic [1:0] room_q[0:3];     // words of its first beat that none came for
  assign take     = s_valid && s_ready;
  assign give     = m_valid && m_ready;
  assign watch_it = take && watch && !marked_q;
  // Left out: those above skip * 4 - up. What is skipped and still leaves stands at the front.
  assign place    = {1'b0, beat_in_q, lane} + 6'(up) - {2'b0, s_skip, 2'b00};

  always_ff @(posedge clk) begin
    if (rst) begin
      packet_in_q  <= '0;
      packet_out_q <= '0;
      beat_in_q    <= '0;
      beat_out_q   <= '0;
      wait_q       <= 1'b0;
      marked_q     <= 1'b0;
      inside_q     <= 1'b0;
    end else begin
      wait_q      <= s_valid && !s_ready;
      wait_data_q <= s_data;
      wait_last_q <= s_last;
      up_q        <= s_up;
      skip_q      <= s_skip;
      more_q      <= s_more;
      if (take) begin
        beat_in_q <= s_last ? '0 : beat_in_q + 3'd1;
        room_q[packet_in_q]  <= (s_skip == '0) ? up : '0;
        beats_q[packet_in_q] <= beat_in_q + 3'd1 - 3'(s_skip) + 3'(s_more);
        if (s_last) packet_in_q <= packet_in_q + 2'd1;
      end
      if (watch_it) begin
        marked_q <= 1'b1;
        inside_q <= !place[5] && (s_more || !s_last || place[4:2] <= beat_in_q - 3'(s_skip));  // left out in front, or behind as nobody wants it
        word_q   <= s_data[lane];
        packet_q <= packet_in_q;
        place_q  <= place;
      end
      if (give) begin
        beat_out_q <= m_last ? '0 : beat_out_q + 3'd1;
        if (m_last) packet_out_q <= packet_out_q + 2'd1;
        if (packet_out_q == packet_q && beat_out_q == place_q[4:2]) inside_q <= 1'b0;
      end
    end
  end

  logic       whole, here, stall_q, held_last_q;
  logic [3:0] held_q;
  assign whole = packet_in_q != packet_out_q;  // the packet that leaves has come whole
  assign here  = inside_q && give && packet_out_q == packet_q && beat_out_q == place_q[4:2];
  always_ff @(posedge clk) begin
    stall_q     <= m_valid && !m_ready && !rst;
    held_q      <= m_data;
    held_last_q <= m_last;
    if (!rst) begin
      a_word : assert (!here || m_data[place_q[1:0]] == word_q);
      a_not_lost : assert (!(give && m_last && inside_q && packet_out_q == packet_q) || here);
      a_last : assert (!(give && m_last) || (whole && beat_out_q + 3'd1 == beats_q[packet_out_q]));
      a_not_more : assert (!(give && whole && !m_last) || beat_out_q + 3'd1 < beats_q[packet_out_q]);
      a_user : assert (!give || m_user == packet_out_q[0]);
      a_room : assert (!(give && beat_out_q == '0) || (m_data & ~(4'hf << room_q[packet_out_q])) == '0);
      a_waits : assert (!stall_q || (m_valid && m_data == held_q && m_last == held_last_q));
      a_goes_on : assert (!(s_valid && m_ready && !s_ready) || u_rotate.emit);
    end
  end
endmodule

`default_nettype wire
