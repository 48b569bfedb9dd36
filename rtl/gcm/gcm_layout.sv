// SPDX-License-Identifier: Apache-2.0
// Says what each lane of each beat of a packet holds, and which counters its AES blocks take (NIST SP 800-38D, 7.1):
//
//   block    0 .. aad_blocks-1        aad_blocks ...               last
//   holds    pass-through (AAD)       payload, the last partial    length block of GHASH (where the ICV is or ends)
//   counter  block 0: 1 (E_K(J0))     2, 3, ...
//
// aad_blocks = max(1, ceil(aad_len / 16)). Latency: 2 cycles. One beat a cycle, gaps allowed.
`default_nettype none

module gcm_layout #(
    parameter int unsigned LANES          = 4,  // blocks a beat
    parameter int unsigned MAX_AAD_BLOCKS = 1   // 1: block 0 is all the AAD
) (
    input  logic                   clk,
    input  logic                   rst,
    input  logic                   s_valid,
    input  logic                   s_flush,    // no beat: the nonce before it is to be gone
    input  logic                   s_first,
    input  logic [95:0]            s_nonce,    // byte string
    input  logic [15:0]            s_aad_len,  // bytes
    input  logic [15:0]            s_len,      // payload bytes
    output logic                   m_valid,
    output logic [95:0]            m_nonce,    // byte string
    output logic [LANES-1:0][15:0] m_counter,  // numbers, the last 16 bits of a block: s_len leaves 0 in the other 16
    output logic [LANES-1:0]       m_aad,      // lane holds AAD
    output logic [LANES-1:0]       m_full,     // lane holds 16 bytes of payload
    output logic [LANES-1:0]       m_part,     // lane holds the last, partial payload block ...
    output logic [3:0]             m_part_len, // ... of this many bytes
    output logic [LANES-1:0]       m_length    // lane holds the length block, which ends the packet
);

  // ---- cycle 1: where the beat stands ------------------------------------------------------------------------------------
  localparam int unsigned AAD_W = (MAX_AAD_BLOCKS == 1) ? 1 : $clog2(MAX_AAD_BLOCKS + 1);

  logic [AAD_W-1:0] aad_blocks;
  // Block 0 at least, also without AAD; and no more than MAX_AAD_BLOCKS, so that it is a constant where that is 1.
  logic [15:0] blocks;
  assign blocks     = (s_aad_len + 16'd15) >> 4;
  assign aad_blocks = (MAX_AAD_BLOCKS == 1 || blocks == '0) ? AAD_W'(1) : AAD_W'(blocks);

  logic             valid_q, flush_q, first_q;
  logic [AAD_W-1:0] aad_left_q;   // AAD blocks from lane 0 of this beat on
  logic [15:0]      left_q;       // payload bytes from the first payload lane of this beat on
  logic [15:0]      counter_q;    // of lane 0
  logic [95:0]      nonce_q;

  // AAD blocks in this beat, and payload bytes that its other lanes can take.
  logic [15:0] aad_here, taken;
  assign aad_here = (16'(aad_left_q) > 16'(LANES)) ? 16'(LANES) : 16'(aad_left_q);
  assign taken    = (16'(LANES) - aad_here) << 4;

  always_ff @(posedge clk) begin
    valid_q <= s_valid && !rst;
    flush_q <= s_flush && !rst;
    if (s_flush) nonce_q <= '0;
    if (s_valid) begin
      first_q <= s_first;
      nonce_q <= s_nonce;
      if (s_first) begin
        aad_left_q <= aad_blocks;
        left_q     <= s_len;
        counter_q  <= 16'd2 - 16'(aad_blocks);
      end else begin
        aad_left_q <= aad_left_q - AAD_W'(aad_here);
        left_q     <= (left_q > taken) ? left_q - taken : '0;
        counter_q  <= counter_q + 16'(LANES);
      end
    end
  end

  // ---- cycle 2: what the lanes hold -----------------------------------------------------------------------------------------
  for (genvar l = 0; l < LANES; l++) begin : g_lane
    logic [15:0] counter;
    logic [15:0] skip;   // payload bytes in the lanes of this beat that come earlier
    logic        aad, behind;
    assign counter = (first_q && l == 0) ? 16'd1 : counter_q + 16'(l);
    assign aad     = 16'(l) < 16'(aad_left_q);
    assign skip  = (16'(l) - aad_here) << 4;
    assign behind  = left_q <= skip;  // all payload lies in earlier lanes

    always_ff @(posedge clk) begin
      if (valid_q) begin
        m_counter[l] <= counter;
        m_aad[l]            <= aad;
        m_full[l]           <= !aad && (left_q >= skip + 16'd16);
        m_part[l]           <= !aad && !behind && (left_q < skip + 16'd16);
        // the first lane behind the payload: no payload left, or the lane next to it has its last bytes
        m_length[l]         <= !aad && behind && (skip == '0 ? 1'b1 : left_q > skip - 16'd16);
      end
    end
  end

  always_ff @(posedge clk) begin
    m_valid <= valid_q && !rst;
    if (valid_q || flush_q) m_nonce <= nonce_q;
    if (valid_q) m_part_len <= left_q[3:0];
  end

endmodule

`default_nettype wire
