// SPDX-License-Identifier: Apache-2.0
// Framer of encapsulation: turns a packet and its record into the cipher stream (RFC 4303, 2; RFC 4106, 3):
//   lane 0 of the first beat | SPI | sequence number | IV = 64-bit sequence number |
//   behind it                | inner packet | padding 1, 2, 3 | pad length | next header 4 | room for the ICV, 16 bytes |
// So the inner packet moves up by exactly one lane. The trailer always ends a 4-byte word: that word, and for 3 bytes of padding
// the last byte of the word before, are all that has to be written into the stream.
// An error packet becomes one null beat. Throughput: a beat a cycle, no gap between packets. Latency: 2 cycles. A packet leaves only
// when there is room for the whole of the largest behind the cipher: once begun nothing holds it up, and none is held back behind this module.
// The salt (RFC 4106, 4) comes from its own memory, written over key_wr like the keys, and stands beside the packet's beats.
`default_nettype none

module esp_encap_frame import espalier_pkg::*, esp_pkg::*; #(
    parameter int unsigned LANES      = 4,
    parameter int unsigned SA_ENTRIES = 4096
) (
    input  logic                 clk,
    input  logic                 rst,
    input  key_wr_t              key_wr,
    input  logic                 epoch,
    input  logic                 room,       // a packet may begin to leave
    output logic                 spend,      // one leaves

    input  logic                 inner_valid,
    output logic                 inner_ready,
    input  logic [128*LANES-1:0] inner_data,
    input  logic                 inner_last,
    input  logic [JOB_W-1:0]     inner_job,
    input  logic                 job_valid,
    output logic                 job_ready,
    input  encap_job_t           job,

    output logic                 start,      // the packet of `job` begins to leave (for its output record)
    output logic                 begun,      // it is sent, in this cycle or since an earlier one

    output logic                 m_valid,
    output logic                 m_first,
    output logic                 m_last,
    output logic                 m_null,
    output logic [128*LANES-1:0] m_data,
    output logic [SA_W-1:0]      m_sa,
    output logic [1:0]           m_key_size,
    output logic [95:0]          m_nonce,
    output logic [127:0]         m_aad,
    output logic [15:0]          m_aad_len,
    output logic [15:0]          m_len,
    output logic [JOB_W-1:0]     m_job,      // that the beat's bytes came with, whatever the record says: esp_encap_out compares
    output logic                 m_epoch
);

  localparam int unsigned W = 128 * LANES;
  localparam int unsigned DWORDS = 4 * LANES;            // of a beat
  localparam int unsigned DW_LOG2 = $clog2(DWORDS);
  localparam int unsigned BEAT_W = 14 - DW_LOG2;         // bits of a beat number

  // ---- which beat ----------------------------------------------------------------------------------------------------------------
  logic [BEAT_W-1:0] beat_q, last_beat;
  logic              in_done_q;  // the last inner beat was taken, the stream goes on
  logic              sending_q;  // a beat of the packet has left, and its last has not
  logic              ok, need_in, go, emit, last;
  logic [13:0]       trailer_dw, before_dw;

  assign ok         = job.ok;
  assign trailer_dw = job.c4 + 14'd3;   // 4 words of header and IV, then c4 words: the last of them
  assign before_dw  = job.c4 + 14'd2;
  assign last_beat  = job.last_dw[13:DW_LOG2];
  assign need_in    = !in_done_q;
  assign go         = job_valid && (room || sending_q) && (!need_in || inner_valid);
  assign last       = ok ? beat_q == last_beat : inner_last;
  assign emit       = go && (ok || inner_last);
  assign inner_ready    = job_valid && (room || sending_q) && need_in;
  assign job_ready  = go && last;
  assign spend      = emit;
  assign start      = emit && (!ok || beat_q == '0);
  assign begun      = sending_q || (go && ok);

  always_ff @(posedge clk) begin
    if (rst) begin
      beat_q    <= '0;
      in_done_q <= 1'b0;
      sending_q <= 1'b0;
    end else if (go) begin
      sending_q <= ok && !last;
      beat_q    <= (last || !ok) ? '0 : beat_q + 1'b1;
      in_done_q <= !last && (in_done_q || inner_last);
    end
  end

  // ---- stage 1: shift by a lane -----------------------------------------------------------------------------------------------------
  logic [W+127:0]    shifted;
  logic [127:0]      carry_q, header;
  logic              valid1_q, first1_q, last1_q, null1_q;
  logic [DWORDS-1:0][31:0] data1_q;  // 4-byte words
  logic [DWORDS-1:0] trailer1_q, before1_q;
  logic [1:0]        pad1_q;
  logic [JOB_W-1:0]  job1_q;
  logic [31:0]       seq_lo, seq_hi;

  assign seq_lo  = swap32(job.seq[31:0]);
  assign seq_hi  = swap32(job.seq[63:32]);
  assign header  = {seq_lo, seq_hi, seq_lo, swap32(job.spi)};
  assign shifted = {inner_data, (beat_q == '0) ? header : carry_q};

  always_ff @(posedge clk) begin
    valid1_q <= emit && !rst;
    if (go) carry_q <= shifted[W+:128];
    if (go && need_in) job1_q <= inner_job;
    if (emit) begin
      first1_q <= !ok || beat_q == '0;
      last1_q  <= last;
      null1_q  <= !ok;
      data1_q  <= shifted[W-1:0];
      pad1_q   <= {~(job.len[1] ^ job.len[0]), job.len[0]};  // len + pad + 2 is a multiple of 4
    end
  end

  for (genvar i = 0; i < DWORDS; i++) begin : g_mark
    always_ff @(posedge clk) begin
      if (emit) begin
        trailer1_q[i] <= trailer_dw == {beat_q, DW_LOG2'(i)};
        before1_q[i]  <= before_dw == {beat_q, DW_LOG2'(i)};
      end
    end
  end

  // The packet's constants: taken with its first beat.
  logic [SA_W-1:0] sa1_q;
  logic [1:0]   key_size1_q;
  logic [63:0]  iv1_q, iv_q;
  logic [127:0] aad1_q;
  logic [15:0]  aad_len1_q, len1_q;
  logic         epoch1_q;
  always_ff @(posedge clk) begin
    if (start) begin
      sa1_q       <= job.sa;
      key_size1_q <= job.key_size;
      iv1_q       <= {seq_lo, seq_hi};
      aad1_q      <= job.esn ? {32'b0, seq_lo, seq_hi, swap32(job.spi)} : {64'b0, seq_lo, swap32(job.spi)};
      aad_len1_q  <= job.esn ? 16'd12 : 16'd8;
      len1_q      <= {job.c4, 2'b00};
      epoch1_q    <= epoch;
    end
  end

  // ---- stage 2: trailer ----------------------------------------------------------------------------------------------------------------
  // pad1_q      last word, byte 0 first      byte 3 of the word before
  //  0          inner inner   0    4         inner
  //  1          inner   1     1    4         inner
  //  2            1     2     2    4         inner
  //  3            2     3     3    4           1
  logic [DWORDS-1:0][31:0] data1;
  for (genvar i = 0; i < DWORDS; i++) begin : g_trailer
    logic [31:0] word;
    always_comb begin
      word = data1_q[i];
      if (trailer1_q[i]) begin
        word[31:16] = {IPPROTO_IPIP, 6'b0, pad1_q};
        if (pad1_q != 2'd0) word[15:8] = {6'b0, pad1_q};
        if (pad1_q[1]) word[7:0] = {6'b0, pad1_q - 2'd1};
      end
      if (before1_q[i] && pad1_q == 2'd3) word[31:24] = 8'd1;
    end
    assign data1[i] = word;
  end

  always_ff @(posedge clk) begin
    m_valid <= valid1_q && !rst;
    if (valid1_q) begin
      m_first <= first1_q;
      m_last  <= last1_q;
      m_null  <= null1_q;
      m_data  <= data1;
      m_job   <= job1_q;
    end
    if (valid1_q && first1_q) begin
      m_sa       <= sa1_q;
      m_key_size <= key_size1_q;
      iv_q       <= iv1_q;
      m_aad      <= aad1_q;
      m_aad_len  <= aad_len1_q;
      m_len      <= len1_q;
      m_epoch    <= epoch1_q;
    end
  end

  // The salt comes with the packet's first beat and stays to its last; a flush has the time between packets.
  localparam int unsigned ADDR_W = $clog2(SA_ENTRIES);
  logic              flush;
  logic [31:0]       salt;
  assign flush   = key_wr.flush && !begun;
  assign m_nonce = {iv_q, salt};
  ram_sdp #(
      .WIDTH(32),
      .DEPTH(SA_ENTRIES),
      .READ_LATENCY(2),
      .OLD_WORD(1'b0),
      .STYLE("block")
  ) u_salt (
      .clk,
      .wr_en(key_wr.valid && (key_wr.all || key_wr.slot == SLOT_SALT)),
      .wr_addr(key_wr.sa[ADDR_W-1:0]),
      .wr_strb(1'b1),
      .wr_data(key_wr.data[31:0]),
      .rd_en((start && ok) || flush),
      .rd_addr(flush ? key_wr.sa[ADDR_W-1:0] : job.sa[ADDR_W-1:0]),
      .rd_data(salt)
  );

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst && go && ok && need_in) begin
      a_in_beats : assert (inner_last == (beat_q == BEAT_W'((job.len - 16'd1) >> (DW_LOG2 + 2)))) else $error("esp_encap_frame: beats do not fit the length");
    end
  end
`endif

endmodule

`default_nettype wire
