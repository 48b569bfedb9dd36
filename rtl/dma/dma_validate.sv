// SPDX-License-Identifier: Apache-2.0
// Checks a descriptor and makes a job of it, whatever it says: a bad one becomes a job that reads and writes no packet and completes with the
// status of the first check that fails, in this order: opcode, flags and reserved field; addresses; alignment; length; capacity.
// An unknown opcode goes the way of encapsulation. Latency 2 cycles, one descriptor a cycle; never stalls.
// Output length of encapsulation: RFC 4303, 2 and 3.1.2 (outer IPv4, SPI and sequence, IV, packet, padding to 4 bytes, ICV).
`default_nettype none

module dma_validate import espalier_regs_pkg::*, espalier_pkg::*, dma_pkg::*; (
    input  logic               clk,
    input  logic               rst,
    input  logic               desc_valid,
    input  logic [QUEUE_W-1:0] desc_queue,
    input  descriptor_t        desc,
    input  logic [JOB_W-1:0]   job_free,
    output logic               job_valid,  // same cycle
    output logic               job_decap,
    output job_t               job,
    output read_job_t          read_job
);

  // Around the packet: outer header, ESP header, IV, pad length and next header, ICV; the padding comes on top.
  localparam int unsigned OVERHEAD = IPV4_HDR + ESP_HDR + ESP_IV + ESP_ICV;

  // ---- stage 1: each check by itself ------------------------------------------------------------------------------------
  logic [16:0] need, padded;
  assign padded = ({1'b0, desc.src_len} + 17'(OVERHEAD + 5)) & ~17'd3;  // length + 2, rounded up to a multiple of 4, as OVERHEAD is
  assign need   = (desc.opcode == OPCODE_DECAP) ? {1'b0, desc.src_len} : padded;

  logic               v1_q, bad_opcode_q, null_address_q, bad_align_q, bad_length_q, decap_q;
  logic               src_top_q, dst_top_q;  // in the last 64 KiB, where an end may be beyond 2^64
  logic [16:0]        src_end_q, dst_end_q;
  logic [16:0]        need_q;
  logic [QUEUE_W-1:0] queue_q;
  logic [63:0]        src_q, cookie_q;
  logic [57:0]        dst_line_q;
  logic [15:0]        len_q, cap_q, sa_q;

  always_ff @(posedge clk) begin
    if (rst) v1_q <= 1'b0;
    else v1_q <= desc_valid;
    if (desc_valid) begin
      decap_q      <= desc.opcode == OPCODE_DECAP;
      bad_opcode_q <= (desc.flags != '0) || !((desc.opcode == OPCODE_ENCAP) ||
                      ((desc.opcode == OPCODE_DECAP) && desc.sa == '0));
      null_address_q <= (desc.src == '0) || (desc.dst == '0);
      src_top_q    <= &desc.src[63:16];
      dst_top_q    <= &desc.dst[63:16];
      src_end_q    <= {1'b0, desc.src[15:0]} + {1'b0, desc.src_len};
      dst_end_q    <= {1'b0, desc.dst[15:0]} + {1'b0, desc.dst_capacity};
      bad_align_q  <= desc.dst[5:0] != '0;
      bad_length_q <= (desc.src_len == '0) || ((desc.opcode == OPCODE_DECAP) ? desc.src_len > 16'(MAX_ESP) :
                                                                               desc.src_len > 16'(MAX_PACKET));
      need_q       <= need;
      queue_q      <= desc_queue;
      src_q        <= desc.src;
      dst_line_q   <= desc.dst[63:6];
      cookie_q     <= desc.cookie;
      len_q        <= desc.src_len;
      cap_q        <= desc.dst_capacity;
      sa_q         <= desc.sa;
    end
  end

  // ---- stage 2: the first that fails; the job gets its number ---------------------------------------------------------------
  logic [7:0] status;
  logic       bad_address;
  assign bad_address = null_address_q || (src_top_q && src_end_q > 17'h10000) || (dst_top_q && dst_end_q > 17'h10000);
  always_comb begin
    status = STATUS_OK;
    if (bad_opcode_q) status = STATUS_BAD_OPCODE;
    else if (bad_address) status = STATUS_BAD_ADDRESS;
    else if (bad_align_q) status = STATUS_BAD_ALIGNMENT;
    else if (bad_length_q) status = STATUS_BAD_LENGTH;
    else if ({1'b0, cap_q} < need_q) status = STATUS_BUFFER_TOO_SMALL;
  end

  assign job_valid       = v1_q;
  assign job_decap       = decap_q;
  assign job.qid       = queue_q;
  assign job.capacity    = cap_q;
  assign job.dst_line    = dst_line_q;
  assign job.cookie      = cookie_q;
  assign read_job.job    = job_free;
  assign read_job.src    = src_q;
  assign read_job.len    = len_q;
  assign read_job.sa     = sa_q;
  assign read_job.status = status;

endmodule

`default_nettype wire
