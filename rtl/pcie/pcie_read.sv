// SPDX-License-Identifier: Apache-2.0
// Host memory reads (PCIe requester): rd_req in, read requests out (mrd, to pcie_rq), completions in (RC), rd_rsp out.
// Several reads and up to TAGS read requests are outstanding. Responses come as the completions come: the requests of one read, and reads,
// in any order. Each read ends with exactly one done, whose status is that of its first failed request. Details in pcie_read_split
// (cutting by MRRS and 4 KiB) and pcie_read_rc (completions); here are the allocators and the clock of the tags.
//
// Time: a request that is not complete dma_timeout cycles after it left (and up to TAGS + 8 more, the period of the scan) ends in
// DMA_TIMEOUT. Its tag is in quarantine then, as after a malformed completion: a late completion finds no request there and cannot
// corrupt a later one. The quarantine ends with the request's last completion (the block delivers one for each request, its own timeout
// included), or dma_timeout + 2**QUARANTINE_LOG2 cycles after the request left. So a tag is never lost; with all tags in quarantine reads wait.
//
// Space: the block grants credits for completions without limit and has a buffer of finite size for them. A request leaves only when the
// completions of all that are outstanding, in quarantine too, fit there: COMPLETION_SPACE, in units of 64 bytes (PG213 "Methods of Managing
// Completion Space", PACKET_FC).
`default_nettype none

module pcie_read #(
    parameter int unsigned TAGS            = 256,  // read requests outstanding, power of two, up to 256
    parameter int unsigned READS           = 256,  // reads outstanding, power of two, up to 256
    parameter int unsigned COMPLETION_SPACE = 512, // 64-byte units; 32 KiB, the smallest buffer of the block
    parameter int unsigned QUARANTINE_LOG2 = 24   // see above; 2**24 cycles are 67 ms at 250 MHz, above the usual completion timeouts
) (
    input  logic                  clk,
    input  logic                  rst,
    input  logic [2:0]            cfg_max_read_req,  // 128 << code bytes
    input  logic [31:0]           dma_timeout,       // cycles
    input  logic                  rd_req_valid,
    output logic                  rd_req_ready,
    input  espalier_pkg::rd_req_t rd_req,
    output logic                  rd_rsp_valid,
    input  logic                  rd_rsp_ready,
    output espalier_pkg::rd_rsp_t rd_rsp,
    // read requests, to pcie_rq
    output logic                  mrd_valid,
    input  logic                  mrd_ready,
    output pcie_pkg::mrd_t        mrd,
    // requester completions
    input  logic                  s_axis_rc_tvalid,
    output logic                  s_axis_rc_tready,
    input  logic [511:0]          s_axis_rc_tdata,
    input  logic [160:0]          s_axis_rc_tuser,
    output logic                  unexpected         // a cycle for each completion that no read was waiting for
);

  localparam int unsigned SLOT_W = $clog2(READS);
  localparam int unsigned TAG_W  = $clog2(TAGS);

  logic ready;

  // ---- slots and tags ---------------------------------------------------------------------------------------------------------
  logic                slot_valid, slot_take, slot_free_valid;
  logic [SLOT_W-1:0]   slot_index, slot_free;
  logic                tag_valid, tag_free_valid, fits;
  logic [TAG_W-1:0]    tag_index, tag_free;
  logic                issue_valid;
  pcie_pkg::rd_issue_t issue;

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

  index_alloc #(
      .N(TAGS)
  ) u_tags (
      .clk       (clk),
      .rst       (rst || !ready),
      .valid     (tag_valid),
      .index     (tag_index),
      .take      (issue_valid),
      .free_valid(tag_free_valid),
      .free_index(tag_free)
  );

  // ---- requests out --------------------------------------------------------------------------------------------------------------
  logic              abort_valid, abort_ready;
  logic [SLOT_W-1:0] abort_slot;
  logic [READS-1:0]  failed;
  pcie_read_split #(
      .READS(READS),
      .TAGS (TAGS)
  ) u_split (
      .clk             (clk),
      .rst             (rst),
      .cfg_max_read_req(cfg_max_read_req),
      .rd_req_valid    (rd_req_valid),
      .rd_req_ready    (rd_req_ready),
      .rd_req          (rd_req),
      .slot_valid      (slot_valid),
      .slot_index      (slot_index),
      .slot_take       (slot_take),
      .tag_valid       (tag_valid && fits),
      .tag_index       (tag_index),
      .mrd_valid       (mrd_valid),
      .mrd_ready       (mrd_ready),
      .mrd             (mrd),
      .issue_valid     (issue_valid),
      .issue           (issue),
      .failed          (failed),
      .abort_valid     (abort_valid),
      .abort_ready     (abort_ready),
      .abort_slot      (abort_slot)
  );

  // ---- space for the completions: dwords / 16, rounded down, and 2 more for what begins and ends within 64 bytes ------------------
  localparam int unsigned SPACE_W = $clog2(COMPLETION_SPACE) + 2;
  logic signed [SPACE_W-1:0] space_q;  // left, less the 2
  logic [6:0]                units, units_back;
  logic [6:0]                units_mem[0:TAGS-1];
  assign units      = mrd.dword_count[10:4];
  assign units_back = units_mem[tag_free];
  assign fits       = space_q >= $signed({{(SPACE_W - 7) {1'b0}}, units});
  always_ff @(posedge clk) begin
    if (issue_valid) units_mem[issue.tag[TAG_W-1:0]] <= units;
  end
  always_ff @(posedge clk) begin
    if (rst) space_q <= SPACE_W'(COMPLETION_SPACE - 2);
    else space_q <= space_q - (issue_valid ? SPACE_W'(units) + SPACE_W'(2) : '0) + (tag_free_valid ? SPACE_W'(units_back) + SPACE_W'(2) : '0);
  end

  // ---- completions in --------------------------------------------------------------------------------------------------------------
  logic               in_valid, in_ready, in_discontinue, in_last;
  pcie_pkg::rc_desc_t in_desc;
  logic [511:0]       in_data;
  logic [4:0]         in_dwords;
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

  logic             expire_valid_q, expire_ready, expire_release_q;
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
      .failed         (failed),
      .expire_valid   (expire_valid_q),
      .expire_ready   (expire_ready),
      .expire_release (expire_release_q),
      .expire_tag     (expire_tag_q),
      .active         (active),
      .quarantined    (quarantined),
      .tag_free_valid (tag_free_valid),
      .tag_free       (tag_free),
      .slot_free_valid(slot_free_valid),
      .slot_free      (slot_free),
      .unexpected     (unexpected),
      .rd_rsp_valid   (rd_rsp_valid),
      .rd_rsp_ready   (rd_rsp_ready),
      .rd_rsp         (rd_rsp)
  );

  // ---- time: one tag a cycle is looked at, in turn -------------------------------------------------------------------------------------
  localparam int unsigned TIME_W = 34;  // more than the longest timeout and quarantine together
  logic [TIME_W-1:0] left_at[0:TAGS-1];  // when the tag's request left
  logic [TIME_W-1:0] now_q, limit_q, limit_release_q;
  logic [TAG_W-1:0]  scan_q, seen_tag_q;
  logic              seen_active_q, seen_rests_q;
  logic [TIME_W-1:0] seen_at_q, age;
  assign age = now_q - seen_at_q;

  always_ff @(posedge clk) begin
    if (issue_valid) left_at[issue.tag[TAG_W-1:0]] <= now_q;
  end

  always_ff @(posedge clk) begin
    now_q           <= now_q + TIME_W'(1);
    limit_q         <= TIME_W'(dma_timeout);
    limit_release_q <= TIME_W'(dma_timeout) + (TIME_W'(1) << QUARANTINE_LOG2);
    scan_q          <= scan_q + TAG_W'(1);
    seen_tag_q      <= scan_q;
    seen_active_q   <= active[scan_q];
    seen_rests_q    <= quarantined[scan_q];
    seen_at_q       <= left_at[scan_q];

    if (expire_ready) expire_valid_q <= 1'b0;
    if (!expire_valid_q) begin
      expire_valid_q   <= (seen_active_q && age >= limit_q) || (seen_rests_q && age >= limit_release_q);
      expire_release_q <= seen_rests_q;
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

  logic unused;
  assign unused = &{1'b0, issue};

`ifndef SYNTHESIS
  // A tag is taken while its request is outstanding or it is in quarantine.
  always_ff @(posedge clk) begin
    if (!rst && ready && tag_free_valid) begin
      a_held : assert (!active[tag_free] && !quarantined[tag_free]) else $error("pcie_read: tag given back while in use");
    end
  end
`endif

endmodule

`default_nettype wire
