// SPDX-License-Identifier: Apache-2.0
// Front end of encapsulation: takes packets, looks up the SA, checks the inner IPv4 header, draws the sequence number, and hands the
// framer one record a packet beside the packet's beats. Order of the checks: status from before, context's parity (SA_FAULT), NO_SA,
// INNER_MALFORMED, number's parity (SA_FAULT), SEQ_EXHAUSTED; only a packet that passes all of them consumes a number.
//   cycle  0          1        2     3              4                  5            6
//          first beat lookup         context, last  number and status  into the     at the
//          taken      asked          number         decided            record FIFO  framer
// Throughput: a beat a cycle, a packet every 2 cycles. Latency: 6 cycles. Packet beats wait in a FIFO of 16 meanwhile.
// An inner packet has fewer beats than the ESP packet that it becomes. A sender that always offers would fill every FIFO up to the output
// and each packet would wait behind them, so a packet comes in only while the output owes less than 16 beats to those before it.
// Inner header (RFC 791): version 4, 5 <= IHL, header within the packet, total length equal to the packet's length.
`default_nettype none

module esp_encap_front import espalier_regs_pkg::*, espalier_pkg::*, esp_pkg::*, sa_pkg::*; #(
    parameter int unsigned LANES      = 4,
    parameter int unsigned SA_ENTRIES = 4096
) (
    input  logic                 clk,
    input  logic                 rst,
    input  logic                 enable,
    input  out_ctx_wr_t          ctx_wr,
    input  seq_req_t             seq_req,
    output seq_rsp_t             seq_rsp,
    input  drop_req_t            drop,

    input  logic                 s_axis_tvalid,
    output logic                 s_axis_tready,
    input  logic [128*LANES-1:0] s_axis_tdata,
    input  logic                 s_axis_tlast,
    input  esp_in_t              s_axis_tuser,

    output logic                 inner_valid,   // beats
    input  logic                 inner_ready,
    output logic [128*LANES-1:0] inner_data,
    output logic                 inner_last,
    output logic [JOB_W-1:0]     inner_job,     // each bears the number of its job
    output logic                 job_valid,  // records
    input  logic                 job_ready,
    output encap_job_t           job,
    input  logic                 job_begun  // the cipher has taken a beat of it, or does in this cycle: it will be sent
);

  localparam int unsigned W = 128 * LANES;
  localparam int unsigned ADDR_W = $clog2(SA_ENTRIES);
  localparam int unsigned OWED_W = 10;                 // the beats of MAX_PACKET at LANES = 1, and of what came just before it
  localparam logic [13:0] OUT_DWORDS = 14'd13;         // 4-byte words beside the payload: outer header, ESP header, IV, ICV

  // ---- beats ---------------------------------------------------------------------------------------------------------------------
  logic sop_q;        // the next beat is a packet's first
  logic first_prev_q; // the beat taken in the last cycle was one: lookups are at least 2 cycles apart
  logic take, take_first, room, ahead;

  assign s_axis_tready = enable && room && !(sop_q && (first_prev_q || ahead));
  assign take          = s_axis_tvalid && s_axis_tready;
  assign take_first    = take && sop_q;

  always_ff @(posedge clk) begin
    if (rst) begin
      sop_q        <= 1'b1;
      first_prev_q <= 1'b0;
    end else begin
      if (take) sop_q <= s_axis_tlast;
      first_prev_q <= take_first;
    end
  end

  fifo_sync #(
      .WIDTH(JOB_W + 1 + W),
      .DEPTH(16)
  ) u_beats (
      .clk,
      .rst,
      .s_valid(take),
      .s_ready(room),
      .s_data({s_axis_tuser.job, s_axis_tlast, s_axis_tdata}),
      .m_valid(inner_valid),
      .m_ready(inner_ready),
      .m_data({inner_job, inner_last, inner_data}),
      .count()
  );

  // ---- cycle 1: header fields ------------------------------------------------------------------------------------------------------
  logic        valid1_q, valid2_q, valid3_q, valid4_q, valid5_q;
  esp_in_t     in1_q;
  logic [7:0]  ver_ihl1_q, tos1_q;
  logic [15:0] total1_q;
  logic        df1_q;

  always_ff @(posedge clk) begin
    valid1_q <= take_first && !rst;
    valid2_q <= valid1_q && !rst;
    valid3_q <= valid2_q && !rst;
    valid4_q <= valid3_q && !rst;
    valid5_q <= valid4_q && !rst;
    if (take_first) begin
      in1_q      <= s_axis_tuser;
      ver_ihl1_q <= s_axis_tdata[7:0];
      tos1_q     <= s_axis_tdata[15:8];
      total1_q   <= swap16(s_axis_tdata[31:16]);
      df1_q      <= s_axis_tdata[54];
    end
  end

  // ---- context and sequence RAMs: asked in cycle 1, answer in cycle 3 and 4 -----------------------------------------------------------
  out_ctx_t ctx3, ctx4_q;
  localparam int unsigned CTX_W = $bits(ctx3);
  localparam int unsigned CTX_PARITY_W = (CTX_W + 15) / 16;
  logic [CTX_PARITY_W-1:0] ctx_parity3;
  logic             fault4_q;  // the stored context fails its parity
  ram_sdp #(
      .WIDTH(CTX_PARITY_W + CTX_W),
      .DEPTH(SA_ENTRIES),
      .READ_LATENCY(2),
      .OLD_WORD(1'b1),
      .STYLE("block")
  ) u_ctx (
      .clk,
      .wr_en(ctx_wr.valid),
      .wr_addr(ctx_wr.sa[ADDR_W-1:0]),
      .wr_strb(1'b1),
      .wr_data({CTX_PARITY_W'(parity(192'(ctx_wr.ctx))), ctx_wr.ctx}),
      .rd_en(valid1_q),
      .rd_addr(in1_q.sa[ADDR_W-1:0]),
      .rd_data({ctx_parity3, ctx3})
  );

  logic [63:0] seq4;
  logic        used_up_32, used_up_64, send4, seq_bad4;
  esp_encap_seq #(
      .SA_ENTRIES(SA_ENTRIES)
  ) u_seq (
      .clk,
      .rst,
      .look_valid(valid1_q),
      .look_sa(in1_q.sa),
      .seq(seq4),
      .bad(seq_bad4),
      .used_up_32,
      .used_up_64,
      .send(send4),
      .seq_req,
      .seq_rsp
  );

  // ---- cycles 2 to 4: checks, and the lengths with trailer ----------------------------------------------------------------------------
  esp_in_t in2_q, in3_q, in4_q;
  logic        df2_q, df3_q, df4_q, sa_ok2_q, malformed2_q, sa_ok3_q, malformed3_q, sa_ok4_q, malformed4_q;
  logic [7:0]  tos2_q, tos3_q, tos4_q;
  logic [13:0] c4_2_q, c4_3_q, c4_4_q;
  logic [16:0] padded1;

  assign padded1 = {1'b0, in1_q.len} + 17'd5;  // pad length and next header: 2 bytes, then up to a multiple of 4

  always_ff @(posedge clk) begin
    if (valid1_q) begin
      in2_q        <= in1_q;
      df2_q        <= df1_q;
      tos2_q       <= tos1_q;
      c4_2_q       <= padded1[15:2];
      sa_ok2_q     <= (SA_ENTRIES >= 1 << SA_W) || (32'(in1_q.sa) < SA_ENTRIES);
      malformed2_q <= ver_ihl1_q[7:4] != 4'd4 || ver_ihl1_q[3:0] < 4'd5 || total1_q != in1_q.len || {10'b0, ver_ihl1_q[3:0], 2'b00} > in1_q.len;
    end
    if (valid2_q) begin
      in3_q        <= in2_q;
      df3_q        <= df2_q;
      tos3_q       <= tos2_q;
      c4_3_q       <= c4_2_q;
      sa_ok3_q     <= sa_ok2_q;
      malformed3_q <= malformed2_q;
    end
    if (valid3_q) begin
      in4_q        <= in3_q;
      df4_q        <= df3_q;
      tos4_q       <= tos3_q;
      c4_4_q       <= c4_3_q;
      sa_ok4_q     <= sa_ok3_q && ctx3.valid;
      fault4_q     <= sa_ok3_q && CTX_PARITY_W'(parity(192'(ctx3))) != ctx_parity3;
      malformed4_q <= malformed3_q;
      ctx4_q       <= ctx3;
    end
  end

  // ---- beats that the output owes if it sends one a cycle: known 3 cycles behind the packet's first beat ------------------------------
  logic [OWED_W-1:0] owed_q, owed2;
  assign owed2 = (in2_q.status != STATUS_OK) ? OWED_W'(1)
               : OWED_W'((c4_2_q + OUT_DWORDS + 14'(4 * LANES - 1)) >> $clog2(4 * LANES));
  assign ahead = owed_q[OWED_W-1:4] != '0;
  always_ff @(posedge clk) begin
    if (rst) owed_q <= '0;
    else owed_q <= owed_q - OWED_W'(owed_q != '0) + (valid2_q ? owed2 : '0);
  end

  logic [7:0] status4;
  always_comb begin
    status4 = STATUS_OK;
    if (in4_q.status != STATUS_OK) status4 = in4_q.status;
    else if (fault4_q) status4 = STATUS_SA_FAULT;
    else if (!sa_ok4_q) status4 = STATUS_NO_SA;
    else if (malformed4_q) status4 = STATUS_INNER_MALFORMED;
    else if (seq_bad4) status4 = STATUS_SA_FAULT;
    else if (ctx4_q.esn ? used_up_64 : used_up_32) status4 = STATUS_SEQ_EXHAUSTED;
  end
  assign send4 = status4 == STATUS_OK;

  // ---- cycle 5: the record ---------------------------------------------------------------------------------------------------------------
  encap_job_t job5_q;
  always_ff @(posedge clk) begin
    if (valid4_q) begin
      job5_q.job      <= in4_q.job;
      job5_q.len      <= in4_q.len;
      job5_q.sa       <= (in4_q.status == STATUS_OK && sa_ok4_q) ? in4_q.sa : '1;
      job5_q.status   <= status4;
      job5_q.ok       <= send4;
      job5_q.c4       <= c4_4_q;
      job5_q.last_dw  <= c4_4_q + 14'd7;
      job5_q.tos      <= tos4_q;
      job5_q.df       <= df4_q;
      job5_q.key_size <= ctx4_q.key_size;
      job5_q.esn      <= ctx4_q.esn;
      job5_q.ttl      <= ctx4_q.ttl;
      job5_q.spi      <= ctx4_q.spi;
      job5_q.src      <= ctx4_q.src;
      job5_q.dst      <= ctx4_q.dst;
      job5_q.csum     <= ctx4_q.csum;
      job5_q.seq      <= seq4;
    end
  end

  // Never full: a packet here has at least one beat in the beat FIFO, but for the one that the framer is finishing.
  logic       job_room;
  esp_encap_jobs u_jobs (
      .clk,
      .rst,
      .s_valid(valid5_q),
      .s_ready(job_room),
      .s_job(job5_q),
      .m_valid(job_valid),
      .m_ready(job_ready),
      .m_begun(job_begun),
      .m_job(job),
      .drop
  );

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst) begin
      a_job_room : assert (!valid5_q || job_room) else $error("esp_encap_front: record FIFO full");
      a_error_one_beat : assert (!take_first || s_axis_tuser.status == 8'd0 || s_axis_tlast) else $error("esp_encap_front: error packet of several beats");
    end
  end
`endif

endmodule

`default_nettype wire
