// SPDX-License-Identifier: Apache-2.0
// Output of encapsulation: holds the cipher's beats, tags and the packets' records in FIFOs, puts the ICV behind the payload and the
// outer IPv4 header in front, and sends the packet.
//   cipher stream   | header, IV | payload ...      | 16 bytes for the ICV |
//   packet          | outer IPv4, 20 | header, IV | payload ... | ICV |            everything moves up by exactly 20 bytes
// A beat waits for the icv only if it holds a byte of the ICV, so long packets leave while they are being encrypted.
// Beats, tags and records are joined by their order, and by the number of the job that each bears. Where the numbers differ nothing is believed any
// more, until reset: no byte leaves from then on, each packet ends as one beat with ENGINE_FAULT; and if the packet has begun to leave, it never ends, and
// the engine takes nothing more out of its FIFOs (the driver finds a card that hangs and resets it).
// Nothing stalls the cipher: its beats always have a place, because each came against a credit; `freed` gives one back a beat.
// Throughput: a beat a cycle, no gap between packets. Latency: 6 cycles from the cipher's beat to m_axis, of which 2 in the FIFO.
`default_nettype none

module esp_encap_out import espalier_regs_pkg::*, espalier_pkg::*, esp_pkg::*; #(
    parameter int unsigned LANES = 4,
    parameter int unsigned DEPTH = 256  // beats, tags and records held; a power of two
) (
    input  logic                 clk,
    input  logic                 rst,
    input  logic                 cipher_valid,    // cipher beats
    input  logic [128*LANES-1:0] cipher_data,
    input  logic [JOB_W-1:0]     cipher_job,
    input  logic                 tag_valid,    // tags
    input  logic [127:0]         tag,
    input  logic [JOB_W-1:0]     tag_job,
    input  logic                 record_valid,    // records
    input  encap_out_t           record,
    output logic                 freed,      // a cipher beat left its FIFO, in the cycle before
    output logic                 m_axis_tvalid,
    input  logic                 m_axis_tready,
    output logic [128*LANES-1:0] m_axis_tdata,
    output logic                 m_axis_tlast,
    output esp_out_t             m_axis_tuser
);

  localparam int unsigned W = 128 * LANES;
  localparam int unsigned DWORDS = 4 * LANES;
  localparam int unsigned DW_LOG2 = $clog2(DWORDS);
  localparam int unsigned BEAT_W = 14 - DW_LOG2;

  // ---- FIFOs: a packet has at least one beat, so with a credit a beat none of them overflows ------------------------------------------
  logic               beat_valid, beat_ready, icv_valid, icv_ready, head_valid, head_ready;
  logic               beat_room, icv_room, record_room;
  logic [W-1:0]       beat;
  logic [127:0]       icv;
  logic [JOB_W-1:0]   beat_job, icv_job;
  encap_out_t         head, ram_record;
  logic               ram_valid, ram_ready;

  fifo_sync #(.WIDTH(JOB_W + W), .DEPTH(DEPTH), .BLOCK_RAM(1'b1)) u_beats (
      .clk, .rst, .s_valid(cipher_valid), .s_ready(beat_room), .s_data({cipher_job, cipher_data}),
      .m_valid(beat_valid), .m_ready(beat_ready), .m_data({beat_job, beat}), .count());
  fifo_sync #(.WIDTH(JOB_W + 128), .DEPTH(DEPTH), .BLOCK_RAM(1'b1)) u_tags (
      .clk, .rst, .s_valid(tag_valid), .s_ready(icv_room), .s_data({tag_job, tag}),
      .m_valid(icv_valid), .m_ready(icv_ready), .m_data({icv_job, icv}), .count());
  fifo_sync #(.WIDTH($bits(record)), .DEPTH(DEPTH), .BLOCK_RAM(1'b1)) u_recs (
      .clk, .rst, .s_valid(record_valid), .s_ready(record_room), .s_data(record),
      .m_valid(ram_valid), .m_ready(ram_ready), .m_data(ram_record), .count());

  // The record decides what happens with a beat: it comes from registers, not straight from the RAM.
  skid #(.WIDTH($bits(record))) u_rec (
      .clk, .rst, .s_valid(ram_valid), .s_ready(ram_ready), .s_data(ram_record), .m_valid(head_valid), .m_ready(head_ready), .m_data(head));

  // ---- which beat, and what of it is payload and what ICV ---------------------------------------------------------------------------------
  logic [BEAT_W-1:0]  num_q, icv_beat;
  logic [DW_LOG2-1:0] icv_pos;
  logic               in_done_q;  // every cipher beat was taken; what is left of the packet lies in the shift register
  logic               icv_done_q; // the ICV began in an earlier beat
  logic               icv_more_q; // and ends in this one
  logic               advance, go, last, icv_here, need_tag;
  logic               halted_q;

  assign icv_beat   = head.icv_dw[13:DW_LOG2];
  assign icv_pos    = head.icv_dw[DW_LOG2-1:0];
  assign icv_here   = !head.null_beat && num_q == icv_beat;
  assign need_tag   = head.null_beat || icv_here || icv_more_q;
  assign last       = num_q == head.out_last[BEAT_W-1:0];
  assign go         = advance && !halted_q && head_valid && (in_done_q || beat_valid) && (!need_tag || icv_valid);
  assign beat_ready = go && !in_done_q;
  assign head_ready  = go && last;
  assign icv_ready  = go && last;  // it was there: the ICV is in this beat or before it

  always_ff @(posedge clk) begin
    freed <= beat_ready && !rst;
    if (rst) begin
      num_q      <= '0;
      in_done_q  <= 1'b0;
      icv_done_q <= 1'b0;
      icv_more_q <= 1'b0;
    end else if (go) begin
      num_q      <= last ? '0 : num_q + 1'b1;
      in_done_q  <= !last && (in_done_q || num_q == head.in_last[BEAT_W-1:0]);
      icv_done_q <= !last && (icv_done_q || icv_here);
      icv_more_q <= !last && icv_here && icv_pos > DW_LOG2'(DWORDS - 4);
    end
  end

  // ---- stage 1: masks, and the icv turned to the word lane in which it begins ------------------------------------------------------------------
  logic              valid1_q, first1_q, last1_q;
  logic [DWORDS-1:0][31:0] data1_q;  // 4-byte words
  logic [DWORDS-1:0] keep1_q, icv1_q;
  logic [3:0][31:0]  icv_words1_q;
  logic              beat_bad1_q, icv_bad1_q;  // of another job
  logic [159:0]      header1_q;
  esp_out_t          user1_q;

  always_ff @(posedge clk) begin
    if (rst) valid1_q <= 1'b0;
    else if (advance) valid1_q <= go;
    if (go) begin
      first1_q  <= num_q == '0;
      last1_q   <= last;
      beat_bad1_q <= !in_done_q && beat_job != head.job;
      icv_bad1_q  <= need_tag && icv_job != head.job;
      if (!in_done_q) data1_q <= beat;
      user1_q   <= {head.job, head.len, head.sa, head.status};
      header1_q <= head.header;
    end
    if (go && need_tag) begin
      case (icv_pos[1:0])
        2'd0: icv_words1_q <= icv;
        2'd1: icv_words1_q <= {icv[95:0], icv[127:96]};
        2'd2: icv_words1_q <= {icv[63:0], icv[127:64]};
        default: icv_words1_q <= {icv[31:0], icv[127:32]};
      endcase
    end
  end

  // Words of payload below the ICV's first one; the ICV's four words, as far as they lie in its first beat, and the rest in the next.
  logic [DWORDS-1:0]   below;
  logic [2*DWORDS-1:0] window;
  assign below  = ~({DWORDS{1'b1}} << icv_pos);
  assign window = {{(2 * DWORDS - 4) {1'b0}}, 4'hF} << icv_pos;
  always_ff @(posedge clk) begin
    if (go) begin
      keep1_q <= (head.null_beat || icv_done_q) ? '0 : icv_here ? below : '1;
      icv1_q  <= icv_here ? window[DWORDS-1:0] : icv_more_q ? window[2*DWORDS-1:DWORDS] : '0;
    end
  end

  // ---- do they belong together? In front of stage 2, so that nothing of a beat that does not passes ----------------------------------------
  logic wrong1, refuse;
  logic fault_q;   // something did not
  logic inside_q;  // a packet has begun to pass and has not ended
  assign wrong1 = valid1_q && (beat_bad1_q || icv_bad1_q);
  assign refuse = fault_q || wrong1;
  always_ff @(posedge clk) begin
    if (rst) begin
      fault_q  <= 1'b0;
      inside_q <= 1'b0;
      halted_q <= 1'b0;
    end else if (advance) begin
      fault_q <= refuse;
      if (refuse && inside_q) halted_q <= 1'b1;
      if (valid1_q && !refuse) inside_q <= !last1_q;
    end
  end

  // ---- stage 2: ICV in, the rest zero --------------------------------------------------------------------------------------------------------------
  logic         valid2_q, first2_q, last2_q;
  logic [DWORDS-1:0][31:0] data2_q;
  logic [159:0] header2_q;
  esp_out_t     user2_q;

  always_ff @(posedge clk) begin
    if (rst) valid2_q <= 1'b0;
    else if (advance) valid2_q <= valid1_q && (!refuse || (last1_q && !inside_q));
    if (advance && valid1_q) begin
      first2_q  <= first1_q || refuse;
      last2_q   <= last1_q;
      user2_q   <= user1_q;
      header2_q <= header1_q;
      if (refuse) begin
        user2_q.len    <= '0;
        user2_q.status <= STATUS_ENGINE_FAULT;
        header2_q      <= '0;
      end
    end
  end
  for (genvar i = 0; i < DWORDS; i++) begin : g_icv
    always_ff @(posedge clk) begin
      if (advance && valid1_q && refuse) data2_q[i] <= '0;
      else if (advance && valid1_q) data2_q[i] <= (data1_q[i] & {32{keep1_q[i]}}) | (icv_words1_q[i%4] & {32{icv1_q[i]}});
    end
  end

  // ---- stage 3: 20 bytes up ------------------------------------------------------------------------------------------------------------------------
  logic           valid3_q, last3_q;
  logic [W+159:0] shifted;
  logic [159:0]   carry_q;
  logic [W-1:0]   data3_q;
  esp_out_t       user3_q;

  assign shifted = {data2_q, first2_q ? header2_q : carry_q};
  always_ff @(posedge clk) begin
    if (rst) valid3_q <= 1'b0;
    else if (advance) valid3_q <= valid2_q;
    if (advance && valid2_q) begin
      last3_q <= last2_q;
      user3_q <= user2_q;
      data3_q <= shifted[W-1:0];
      carry_q <= shifted[W+:160];
    end
  end

  // ---- register slice: cuts the path of tready ------------------------------------------------------------------------------------------------------
  logic out_ready;
  assign advance = !valid3_q || out_ready;
  skid #(
      .WIDTH(W + 1 + $bits(user3_q))
  ) u_skid (
      .clk,
      .rst,
      .s_valid(valid3_q),
      .s_ready(out_ready),
      .s_data({user3_q, last3_q, data3_q}),
      .m_valid(m_axis_tvalid),
      .m_ready(m_axis_tready),
      .m_data({m_axis_tuser, m_axis_tlast, m_axis_tdata})
  );

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst) begin
      a_beat_room : assert (!cipher_valid || beat_room) else $error("esp_encap_out: cipher beat lost");
      a_tag_room : assert (!tag_valid || icv_room) else $error("esp_encap_out: icv lost");
      a_rec_room : assert (!record_valid || record_room) else $error("esp_encap_out: record lost");
      a_tag_there : assert (!icv_ready || icv_valid) else $error("esp_encap_out: packet ends without its icv");
      a_refused : assert (!(valid2_q && fault_q) || user2_q.status != STATUS_OK)
      else $error("esp_encap_out: a packet leaves behind a fault");
      a_icv_placed : assert (!(go && last) || head.null_beat || icv_here || icv_done_q) else $error("esp_encap_out: packet ends without its ICV");
    end
  end
`endif

endmodule

`default_nettype wire
