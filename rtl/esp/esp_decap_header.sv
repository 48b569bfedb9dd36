// SPDX-License-Identifier: Apache-2.0
// Checks the outer IPv4 header (RFC 791, no options) and the size of the ESP packet (RFC 4303, 2), and works out its geometry.
// Checks, first failure wins: status the packet came with; length, version, IHL, total length, checksum: OUTER_MALFORMED; protocol: NOT_ESP;
// MF or offset: FRAGMENT; size below header, IV, 4 bytes and ICV, or no multiple of 4: ESP_TRUNCATED.
// Latency 4 cycles, a packet a cycle. Bytes behind the total length (Ethernet padding) are allowed.
`default_nettype none

module esp_decap_header import espalier_regs_pkg::*, espalier_pkg::*, esp_decap_pkg::*, esp_pkg::*; #(
    parameter int unsigned LANES = 4  // 128-bit lanes: 1, 2, 4
) (
    input  logic         clk,
    input  logic         rst,
    input  logic         s_valid,
    input  esp_in_t      s_user,
    input  logic [159:0] s_outer,   // byte string
    output logic         m_valid,
    output header_t      m_header
);

  localparam int unsigned BEAT_LOG2 = $clog2(16 * LANES);
  localparam logic [15:0] OVERHEAD  = 16'(IPV4_HDR + ESP_HDR + ESP_IV + ESP_ICV);
  localparam logic [1:0]  ECN_CE    = 2'b11;

  function automatic logic [17:0] sum3(input logic [15:0] a, input logic [15:0] b, input logic [15:0] c);
    sum3 = {2'b0, swap16(a)} + {2'b0, swap16(b)} + {2'b0, swap16(c)};
  endfunction

  logic [15:0] total;
  assign total = swap16(s_outer[31:16]);

  logic [3:0]  valid_q;
  logic [7:0]  came1_q, status2_q, status3_q;
  logic        outer_bad1_q, not_esp1_q, fragment1_q, truncated1_q;
  logic        ce1_q, ce2_q, ce3_q;
  logic [15:0] total1_q, c2_q, c3_q, from_last2_q, from_last3_q;
  logic [17:0] sum_a1_q, sum_b1_q, sum_c1_q;
  logic [15:0] sum_d1_q;
  logic [18:0] sum_ab2_q, sum_cd2_q;
  logic [19:0] sum3_q;
  logic [16:0] folded;
  logic        pass_sum2_q, pass_sum3_q;  // the checksum says nothing: the packet came with a status, or is malformed already
  header_t header_q;

  assign folded = {1'b0, sum3_q[15:0]} + {13'b0, sum3_q[19:16]};

  always_ff @(posedge clk) begin
    if (rst) valid_q <= '0;
    else valid_q <= {valid_q[2:0], s_valid};

    if (s_valid) begin
      came1_q      <= s_user.status;
      outer_bad1_q <= s_user.len < 16'(IPV4_HDR) || s_outer[7:0] != 8'h45 || total > s_user.len || total < 16'(IPV4_HDR);
      not_esp1_q   <= s_outer[79:72] != IPPROTO_ESP;
      fragment1_q  <= {s_outer[53:48], s_outer[63:56]} != '0;
      truncated1_q <= total < OVERHEAD + 16'd4 || total[1:0] != '0;
      ce1_q        <= s_outer[9:8] == ECN_CE;
      total1_q     <= total;
      sum_a1_q     <= sum3(s_outer[15:0], s_outer[31:16], s_outer[47:32]);
      sum_b1_q     <= sum3(s_outer[63:48], s_outer[79:64], s_outer[95:80]);
      sum_c1_q     <= sum3(s_outer[111:96], s_outer[127:112], s_outer[143:128]);
      sum_d1_q     <= swap16(s_outer[159:144]);
    end

    if (valid_q[0]) begin
      pass_sum2_q <= came1_q != STATUS_OK || outer_bad1_q;
      if (came1_q != STATUS_OK) status2_q <= came1_q;
      else if (outer_bad1_q) status2_q <= STATUS_OUTER_MALFORMED;
      else if (not_esp1_q) status2_q <= STATUS_NOT_ESP;
      else if (fragment1_q) status2_q <= STATUS_FRAGMENT;
      else if (truncated1_q) status2_q <= STATUS_ESP_TRUNCATED;
      else status2_q <= STATUS_OK;
      ce2_q        <= ce1_q;
      c2_q         <= total1_q - OVERHEAD;
      from_last2_q <= total1_q - 16'(IPV4_HDR + 1);
      sum_ab2_q    <= {1'b0, sum_a1_q} + {1'b0, sum_b1_q};
      sum_cd2_q    <= {1'b0, sum_c1_q} + {3'b0, sum_d1_q};
    end

    if (valid_q[1]) begin
      status3_q    <= status2_q;
      pass_sum3_q  <= pass_sum2_q;
      ce3_q        <= ce2_q;
      c3_q         <= c2_q;
      from_last3_q <= from_last2_q;
      sum3_q       <= {1'b0, sum_ab2_q} + {1'b0, sum_cd2_q};
    end

    // A right checksum makes the one's complement sum of all words FFFF; ten words carry at most 9, so one folding shows it.
    if (valid_q[2]) begin
      header_q.status     <= (!pass_sum3_q && folded != 17'h0FFFF) ? STATUS_OUTER_MALFORMED : status3_q;
      header_q.cipher_len <= c3_q;
      header_q.last_beat  <= BEATS_W'(from_last3_q >> BEAT_LOG2);
      header_q.ce         <= ce3_q;
    end
  end

  assign m_valid  = valid_q[3];
  assign m_header = header_q;

endmodule

`default_nettype wire
