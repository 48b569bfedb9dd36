// SPDX-License-Identifier: Apache-2.0
// Turns the wire beats of a packet into stream beats: takes the outer IPv4 header (20 bytes) off the front, so that the ESP header and IV
// lie in lane 0 of the first beat.
//
//   wire    | outer 20 | ESP header 8, IV 8 | payload ...             | ICV 16 |
//   LANES 4 |   beat 0, bytes 0 to 63  |  beat 1, bytes 64 to 127  | ...
//   stream             |   beat 0, bytes 20 to 83   |   beat 1 ...
//
// A stream beat leaves when the wire beat with its last bytes is there; what is then left of a packet leaves in the cycle behind its last
// wire beat, which is free: the first wire beat of the next packet gives no stream beat. A packet that is too short for a stream beat, or
// came with a status, gives one beat all the same. The number of beats follows the length at the input; the length in the outer header,
// which may be less, is applied later. Latency 2 cycles; a beat a cycle; never stalls.
`default_nettype none

module esp_decap_strip import espalier_pkg::*; #(
    parameter int unsigned LANES = 4  // 128-bit lanes: 1, 2, 4
) (
    input  logic                 clk,
    input  logic                 rst,
    input  logic                 s_valid,
    input  logic                 s_last,
    input  logic [128*LANES-1:0] s_data,
    input  esp_in_t              s_user,
    input  logic                 s_epoch,
    output logic                 m_valid,
    output logic                 m_first,
    output logic [128*LANES-1:0] m_data,
    output esp_in_t              m_user,
    output logic                 m_epoch,
    output logic [159:0]         m_outer   // the outer header, byte string; with m_first
);

  localparam int unsigned BEAT     = 16 * LANES;                    // bytes
  localparam int unsigned SHIFT    = IPV4_HDR % BEAT;  // bytes of a wire beat that belong to the stream beat before
  localparam int unsigned FIRST_AT = IPV4_HDR / BEAT + 1;  // the wire beat that completes the first stream beat

  logic                 in_valid_q, in_last_q, in_epoch_q;
  logic [1:0]           in_number_q;      // of the wire beat in its packet, at most FIRST_AT
  logic [128*LANES-1:0] in_data_q;
  esp_in_t              in_user_q;

  logic [128*LANES-1:0] prev_q;           // the wire beat before, and its packet's sideband
  esp_in_t              user_q;
  logic                 epoch_q;
  logic [159:0]         outer_q;

  logic                  flush_q, flush_first_q;
  logic                  complete, rest;
  logic [15:0]           last_byte;

  assign last_byte = in_user_q.len - 16'd1;
  assign complete  = in_valid_q && in_number_q == 2'(FIRST_AT);
  // Behind the last wire beat: bytes of it are left, or the packet has given no beat yet.
  assign rest      = in_valid_q && in_last_q && (in_number_q != 2'(FIRST_AT) || last_byte[$clog2(BEAT)-1:0] >= ($clog2(BEAT))'(SHIFT));

  always_ff @(posedge clk) begin
    if (rst) begin
      in_valid_q  <= 1'b0;
      in_number_q <= '0;
      flush_q     <= 1'b0;
      m_valid     <= 1'b0;
    end else begin
      in_valid_q <= s_valid;
      if (in_valid_q) begin
        if (in_last_q) in_number_q <= '0;
        else if (in_number_q != 2'(FIRST_AT)) in_number_q <= in_number_q + 2'd1;
      end
      flush_q <= rest;
      m_valid <= complete || flush_q;
    end
  end

  logic started_q;  // the packet in in_* has given a beat
  always_ff @(posedge clk) begin
    if (s_valid) begin
      in_last_q  <= s_last;
      in_data_q  <= s_data;
      in_user_q  <= s_user;
      in_epoch_q <= s_epoch;
    end
    if (in_valid_q) begin
      prev_q        <= in_data_q;
      user_q        <= in_user_q;
      epoch_q       <= in_epoch_q;
      started_q     <= complete && !in_last_q;
      flush_first_q <= !complete;
    end
    if (complete || flush_q) begin
      m_first <= complete ? !started_q : flush_first_q;
      m_data  <= {in_data_q[8*SHIFT-1:0], prev_q[128*LANES-1:8*SHIFT]};
      m_user  <= user_q;
      m_epoch <= epoch_q;
      m_outer <= outer_q;
    end
  end

  if (LANES == 1) begin : g_outer_two
    always_ff @(posedge clk) begin
      if (in_valid_q && in_number_q == 2'd0) outer_q[127:0] <= in_data_q;
      if (in_valid_q && in_number_q == 2'd1) outer_q[159:128] <= in_data_q[31:0];
    end
  end else begin : g_outer_one
    always_ff @(posedge clk) begin
      if (in_valid_q && in_number_q == 2'd0) outer_q <= in_data_q[159:0];
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst) begin
      a_slot : assert (!(complete && flush_q)) else $error("esp_decap_strip: two beats for one cycle");
    end
  end
`endif

endmodule

`default_nettype wire
