// SPDX-License-Identifier: Apache-2.0
// Outer IPv4 header of an encapsulated packet (RFC 791), and the numbers its output needs. Latency 4 cycles, a packet a cycle.
//   byte 0  | 45 | TOS of the inner header (RFC 6040, 4.1) | total length |
//        4  | ID: 0 with DF, else low 16 bits of the sequence number (RFC 6864) | flags: DF of the inner header |
//        8  | TTL of the SA | 50 | checksum |
//       12  | source | 16 | destination |
// The checksum's part that is the same for every packet of an SA comes with the SA (csum); three words are added here.
`default_nettype none

module esp_encap_header import esp_pkg::*; #(
    parameter int unsigned LANES = 4
) (
    input  logic       clk,
    input  logic       rst,
    input  logic       s_valid,
    input  encap_job_t s_job,
    output logic       m_valid,
    output encap_out_t m_out
);

  localparam int unsigned DW_LOG2 = $clog2(4 * LANES);

  logic        valid1_q, valid2_q, valid3_q;
  encap_job_t  job1_q, job2_q, job3_q;
  logic [15:0] total1_q, total2_q, total3_q;  // bytes of the packet
  logic [15:0] id1_q, id2_q, id3_q;
  logic [15:0] sum_a2_q, sum_b2_q, sum3_q;
  logic [13:0] in_end1, out_end1;             // last 4-byte word of the cipher stream, of the packet

  assign in_end1  = job1_q.last_dw;
  assign out_end1 = job1_q.c4 + 14'd12;  // 5 words of outer header in front

  logic [13:0] icv2_q, icv3_q, in_end2_q, in_end3_q, out_end2_q, out_end3_q;

  always_ff @(posedge clk) begin
    valid1_q <= s_valid && !rst;
    valid2_q <= valid1_q && !rst;
    valid3_q <= valid2_q && !rst;
    m_valid  <= valid3_q && !rst;
    if (s_valid) begin
      job1_q   <= s_job;
      total1_q <= {s_job.c4 + 14'd13, 2'b00};
      id1_q    <= s_job.df ? 16'd0 : s_job.seq[15:0];
    end
    if (valid1_q) begin
      job2_q     <= job1_q;
      total2_q   <= total1_q;
      id2_q      <= id1_q;
      sum_a2_q   <= add16(job1_q.csum, total1_q);
      sum_b2_q   <= add16(id1_q, {1'b0, job1_q.df, 6'b0, job1_q.tos});
      icv2_q     <= job1_q.c4 + 14'd4;
      in_end2_q  <= in_end1;
      out_end2_q <= out_end1;
    end
    if (valid2_q) begin
      job3_q     <= job2_q;
      total3_q   <= total2_q;
      id3_q      <= id2_q;
      sum3_q     <= add16(sum_a2_q, sum_b2_q);
      icv3_q     <= icv2_q;
      in_end3_q  <= in_end2_q;
      out_end3_q <= out_end2_q;
    end
  end

  logic ok3;
  assign ok3 = job3_q.ok;
  always_ff @(posedge clk) begin
    if (valid3_q) begin
      m_out.job       <= job3_q.job;
      m_out.sa        <= job3_q.sa;
      m_out.status    <= job3_q.status;
      m_out.len       <= ok3 ? total3_q : 16'd0;
      m_out.null_beat <= !ok3;
      m_out.icv_dw    <= ok3 ? icv3_q : 14'd0;
      m_out.in_last   <= ok3 ? 12'(in_end3_q >> DW_LOG2) : 12'd0;
      m_out.out_last  <= ok3 ? 12'(out_end3_q >> DW_LOG2) : 12'd0;
      m_out.header    <= ok3 ? {swap32(job3_q.dst), swap32(job3_q.src),
                                swap16(~sum3_q), IPPROTO_ESP, job3_q.ttl,
                                9'b0, job3_q.df, 6'b0, swap16(id3_q),
                                swap16(total3_q), job3_q.tos, 8'h45} : 160'd0;
    end
  end

endmodule

`default_nettype wire
