// SPDX-License-Identifier: Apache-2.0
// Host memory reads (PCIe requester): rd_req in, read requests out (mrd, to pcie_rq), completions in (RC), rd_rsp out.
// Several reads and up to TAGS read requests are outstanding. Responses come as the completions come: the requests of one read, and reads,
// in any order. Each read ends with exactly one done, whose status is that of its first failed request. Details in pcie_read_split
// (cutting by MRRS and 4 KiB) and pcie_read_rc (completions); here are the allocators and the clock of the tags.
//
// Time: a request that is not complete dma_timeout cycles after it left on RQ (and up to TAGS + 8 more, the period of the scan) ends in
// DMA_TIMEOUT. Its tag is in quarantine then, as after a malformed completion: a late completion finds no request there and cannot
// corrupt a later one. The quarantine ends with the request's last completion (the block delivers one for each request, its own timeout
// included), or dma_timeout + 2**QUARANTINE_LOG2 cycles after the request left. So a tag is never lost; with all tags in quarantine reads wait.
//
// Space: a request leaves only when the completions of all that are outstanding, in quarantine too, fit into the block's buffer (pcie_space).
`default_nettype none

module pcie_read import espalier_pkg::*, pcie_pkg::*; #(
    parameter int unsigned TAGS            = 256,  // read requests outstanding, power of two, up to 256
    parameter int unsigned READS           = 256,  // reads outstanding, power of two, up to 256
    parameter int unsigned COMPLETION_BLOCKS  = 512,  // the block's buffer for completions: 64-byte blocks,
    parameter int unsigned COMPLETION_HEADERS = 128,  // and completions
    parameter int unsigned QUARANTINE_LOG2 = 24   // see above; 2**24 cycles are 67 ms at 250 MHz, above the usual completion timeouts
) (
    input  logic         clk,
    input  logic         rst,
    input  logic [2:0]   cfg_max_read_req,  // 128 << code bytes
    input  logic         cfg_rcb_status,    // read completion boundary of 128 bytes, else 64
    input  logic         extended_tags,     // all tags, else 32
    input  logic         stop,              // no request leaves: reads that wait end in DMA_STOPPED
    output logic         none,              // no request is outstanding
    output logic         all_back,          // and no tag is in quarantine
    input  logic [31:0]  dma_timeout,       // cycles
    input  logic         rd_req_valid,
    output logic         rd_req_ready,
    input  rd_req_t      rd_req,
    output logic         rd_rsp_valid,
    input  logic         rd_rsp_ready,
    output rd_rsp_t      rd_rsp,
    // read requests, to pcie_rq
    output logic         mrd_valid,
    input  logic         mrd_ready,
    output mrd_t         mrd,
    input  logic [1:0]   reads_left,        // that leave on RQ in this cycle
    input  logic         read_dropped,      // the oldest that is not on RQ yet never leaves
    // requester completions
    input  logic         s_axis_rc_tvalid,
    output logic         s_axis_rc_tready,
    input  logic [511:0] s_axis_rc_tdata,
    input  logic [160:0] s_axis_rc_tuser,
    output logic         unexpected         // a cycle for each completion that no read was waiting for
);

  localparam int unsigned SLOT_W = $clog2(READS);
  localparam int unsigned TAG_W  = $clog2(TAGS);

  logic ready;

  // ---- slots and tags ---------------------------------------------------------------------------------------------------------
  logic              slot_valid, slot_take, slot_free_valid;
  logic [SLOT_W-1:0] slot_index, slot_free;
  logic              tag_valid, tag_free_valid;
  logic [TAG_W-1:0]  tag_index, tag_free;
  logic              issue_valid;
  rd_issue_t         issue;

  index_alloc #(
      .N(READS)
  ) u_slots (
      .clk       (clk),
      .rst       (rst || !ready),
      .valid     (slot_valid),
      .index     (slot_index),
      .take      (slot_take),
      .free_valid(slot_free_valid),
      .free_index(slot_free)
  );

  pcie_tags #(
      .TAGS(TAGS)
  ) u_tags (
      .clk       (clk),
      .rst       (rst || !ready),
      .extended  (extended_tags),
      .valid     (tag_valid),
      .index     (tag_index),
      .take      (issue_valid),
      .free_valid(tag_free_valid),
      .free_index(tag_free)
  );

  logic       fits, back_valid;
  logic [6:0] need_64, need_128, back_64, back_128;

  // ---- requests out --------------------------------------------------------------------------------------------------------------
  logic              abort_valid, abort_ready, abort_none;
  logic [SLOT_W-1:0] abort_slot;
  logic [READS-1:0]  failed;
  pcie_read_split #(
      .READS(READS),
      .TAGS (TAGS)
  ) u_split (
      .clk             (clk),
      .rst             (rst),
      .cfg_max_read_req(cfg_max_read_req),
      .stop            (stop),
      .rd_req_valid    (rd_req_valid),
      .rd_req_ready    (rd_req_ready),
      .rd_req          (rd_req),
      .slot_valid      (slot_valid),
      .slot_index      (slot_index),
      .slot_take       (slot_take),
      .tag_valid       (tag_valid),
      .tag_index       (tag_index),
      .need_64         (need_64),
      .need_128        (need_128),
      .fits            (fits),
      .mrd_valid       (mrd_valid),
      .mrd_ready       (mrd_ready),
      .mrd             (mrd),
      .issue_valid     (issue_valid),
      .issue           (issue),
      .failed          (failed),
      .abort_valid     (abort_valid),
      .abort_ready     (abort_ready),
      .abort_slot      (abort_slot),
      .abort_none      (abort_none)
  );

  pcie_space #(
      .BLOCKS (COMPLETION_BLOCKS),
      .HEADERS(COMPLETION_HEADERS)
  ) u_space (
      .clk       (clk),
      .rst       (rst),
      .rcb_128   (cfg_rcb_status),
      .need_64   (need_64),
      .need_128  (need_128),
      .fits      (fits),
      .take      (issue_valid),
      .back_valid(back_valid),
      .back_64   (back_64),
      .back_128  (back_128)
  );

  // ---- completions in --------------------------------------------------------------------------------------------------------------
  logic         in_valid, in_ready, in_discontinue, in_last;
  rc_desc_t     in_desc;
  logic [511:0] in_data;
  logic [4:0]   in_dwords;
  pcie_rc_unpack u_unpack (
      .clk          (clk),
      .rst          (rst),
      .s_axis_tvalid(s_axis_rc_tvalid),
      .s_axis_tready(s_axis_rc_tready),
      .s_axis_tdata (s_axis_rc_tdata),
      .s_axis_tuser (s_axis_rc_tuser),
      .m_valid      (in_valid),
      .m_ready      (in_ready),
      .m_desc       (in_desc),
      .m_data       (in_data),
      .m_dwords     (in_dwords),
      .m_last       (in_last),
      .m_discontinue(in_discontinue)
  );

  logic             expire_valid_q, expire_ready, expire_release_q, expire_unsent_q;
  logic [TAG_W-1:0] expire_tag_q;
  logic [TAGS-1:0]  active, quarantined;
  pcie_read_rc #(
      .READS(READS),
      .TAGS (TAGS)
  ) u_rc (
      .clk            (clk),
      .rst            (rst),
      .ready          (ready),
      .s_valid        (in_valid),
      .s_ready        (in_ready),
      .s_desc         (in_desc),
      .s_data         (in_data),
      .s_dwords       (in_dwords),
      .s_discontinue  (in_discontinue),
      .s_last         (in_last),
      .open_valid     (slot_take),
      .open_slot      (slot_index),
      .open_ctx       (rd_req.ctx),
      .issue_valid    (issue_valid),
      .issue          (issue),
      .abort_valid    (abort_valid),
      .abort_ready    (abort_ready),
      .abort_slot     (abort_slot),
      .abort_none     (abort_none),
      .failed         (failed),
      .expire_valid   (expire_valid_q),
      .expire_ready   (expire_ready),
      .expire_release (expire_release_q),
      .expire_unsent  (expire_unsent_q),
      .expire_tag     (expire_tag_q),
      .active         (active),
      .quarantined    (quarantined),
      .tag_free_valid (tag_free_valid),
      .tag_free       (tag_free),
      .back_valid     (back_valid),
      .back_64        (back_64),
      .back_128       (back_128),
      .slot_free_valid(slot_free_valid),
      .slot_free      (slot_free),
      .unexpected     (unexpected),
      .rd_rsp_valid   (rd_rsp_valid),
      .rd_rsp_ready   (rd_rsp_ready),
      .rd_rsp         (rd_rsp)
  );

  // ---- time: one tag a cycle is looked at, in turn -------------------------------------------------------------------------------------
  localparam int unsigned TIME_W = 34;  // more than the longest timeout and quarantine together
  // A tag's time begins when its request leaves. Requests leave in the order of their issue, up to two a cycle: those that left are noted one a cycle.
  logic [TAG_W-1:0]  note_tag;
  logic              note_valid, note, note_room;
  logic [3:0]        to_note_q, to_drop_q;  // that left, and behind them those that never will
  logic              dropping;
  logic [TAGS-1:0]   started_q, unsent_q;
  fifo_sync #(
      .WIDTH(TAG_W),
      .DEPTH(16)
  ) u_notes (
      .clk    (clk),
      .rst    (rst),
      .s_valid(issue_valid),
      .s_ready(note_room),
      .s_data (issue.tag[TAG_W-1:0]),
      .m_valid(note_valid),
      .m_ready(note),
      .m_data (note_tag),
      .count  ()
  );
  assign dropping = (to_note_q == '0);
  assign note     = note_valid && (to_note_q != '0 || to_drop_q != '0);
  always_ff @(posedge clk) begin
    to_note_q <= to_note_q + 4'(reads_left) - 4'(note && !dropping);
    to_drop_q <= to_drop_q + 4'(read_dropped) - 4'(note && dropping);
    if (note) started_q[note_tag] <= 1'b1;
    if (note) unsent_q[note_tag] <= dropping;
    if (issue_valid) started_q[issue.tag[TAG_W-1:0]] <= 1'b0;
    none     <= (active == '0);
    all_back <= (active == '0) && (quarantined == '0);
    if (rst) begin
      to_note_q <= '0;
      to_drop_q <= '0;
      started_q <= '0;
      unsent_q  <= '0;
    end
  end

  logic [TIME_W-1:0] left_at[0:TAGS-1];  // when the tag's request left
  logic [TIME_W-1:0] now_q, limit_q, limit_release_q;
  logic [TAG_W-1:0]  scan_q, seen_tag_q;
  logic              seen_active_q, seen_rests_q, seen_unsent_q;
  logic [TIME_W-1:0] seen_age_q;

  always_ff @(posedge clk) begin
    if (note) left_at[note_tag] <= now_q;
  end

  always_ff @(posedge clk) begin
    now_q           <= now_q + TIME_W'(1);
    limit_q         <= TIME_W'(dma_timeout);
    limit_release_q <= TIME_W'(dma_timeout) + (TIME_W'(1) << QUARANTINE_LOG2);
    scan_q          <= scan_q + TAG_W'(1);
    seen_tag_q      <= scan_q;
    seen_active_q   <= active[scan_q] && started_q[scan_q];
    seen_rests_q    <= quarantined[scan_q] && started_q[scan_q];
    seen_age_q      <= now_q - left_at[scan_q];
    seen_unsent_q   <= unsent_q[scan_q];

    if (expire_ready) expire_valid_q <= 1'b0;
    if (!expire_valid_q) begin
      expire_valid_q   <= (seen_active_q && (seen_unsent_q || seen_age_q >= limit_q)) || (seen_rests_q && seen_age_q >= limit_release_q);
      expire_release_q <= seen_rests_q;
      expire_unsent_q  <= seen_unsent_q && seen_active_q;
      expire_tag_q     <= seen_tag_q;
    end
    // The tag was freed meanwhile and carries a new request: what was seen is of the old one.
    if (issue_valid && issue.tag[TAG_W-1:0] == (expire_valid_q ? expire_tag_q : seen_tag_q)) expire_valid_q <= 1'b0;
    if (rst) begin
      now_q          <= '0;
      scan_q         <= '0;
      seen_active_q  <= 1'b0;
      seen_rests_q   <= 1'b0;
      expire_valid_q <= 1'b0;
    end
  end

`ifndef SYNTHESIS
  // A tag is taken while its request is outstanding or it is in quarantine.
  always_ff @(posedge clk) begin
    if (!rst && issue_valid) a_noted : assert (note_room) else $error("pcie_read: too many requests on their way to RQ");
    if (!rst && ready && tag_free_valid) begin
      a_held : assert (!active[tag_free] && !quarantined[tag_free]) else $error("pcie_read: tag given back while in use");
    end
  end
`endif

endmodule

`default_nettype wire
