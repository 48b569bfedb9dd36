// SPDX-License-Identifier: Apache-2.0
// Second half of pcie_read: completions, as pcie_rc_unpack delivers them. Every beat of a completion that fits its request becomes one rd_rsp
// beat, bytes in the lanes in which they came; no shifting. Three stages: A finds the tag's state, B judges the completion and updates the
// state, C counts the read's requests and ends it. One beat a cycle, no bubble between completions; 3 cycles to rd_rsp.
//
//   first beat   | bytes, from lane address[1:0] |     further beats  | bytes, from lane 0 |
//
// Expiries (a tag unanswered for too long, or the end of its quarantine) and aborts enter A between completions, so all changes of tags
// and reads come one after the other. What a completion does to its tag:
//   fits, more to come            the state moves on
//   fits, last bytes              tag is free
//   poisoned                      the same, without data; the read ends in DMA_POISONED
//   UR, CA, the block's timeout   request ends in DMA_*; tag is free if the block says that it was the last, else in quarantine
//   does not fit the request, cut short, too long, or discontinued: request ends in DMA_MALFORMED; tag in quarantine
// Bus mastering went off before the request left (unsent): request ends in DMA_STOPPED; tag is free, for no completion comes.
// A tag in quarantine takes no data; it is free again when its last completion came or after the time that pcie_read sets.
// Completions of tags without a request (the block's error codes 4 and 6 included) are dropped and counted.
// Source: PCI Express Base 2.2.9, 2.3.2; PG213 "Requester Completion Descriptor Fields".
`default_nettype none

module pcie_read_rc import espalier_regs_pkg::*, espalier_pkg::*, pcie_pkg::*; #(
    parameter int unsigned READS  = 256,            // slots, up to 256
    parameter int unsigned TAGS   = 256,            // tags, up to 256
    parameter int unsigned SLOT_W = $clog2(READS),
    parameter int unsigned TAG_W  = $clog2(TAGS)
) (
    input  logic                clk,
    input  logic                rst,
    output logic                ready,          // the slots' counts are cleared
    // completions, from pcie_rc_unpack
    input  logic                s_valid,
    output logic                s_ready,
    input  rc_desc_t            s_desc,
    input  logic [511:0]        s_data,
    input  logic [4:0]          s_dwords,
    input  logic                s_discontinue,
    input  logic                s_last,
    // a read begins; a request leaves
    input  logic                open_valid,
    input  logic [SLOT_W-1:0]   open_slot,
    input  logic [RD_CTX_W-1:0] open_ctx,
    input  logic                issue_valid,
    input  rd_issue_t           issue,
    // no further request of a failed read follows
    input  logic                abort_valid,
    output logic                abort_ready,
    input  logic [SLOT_W-1:0]   abort_slot,
    input  logic                abort_none,     // nor did one come before
    output logic [READS-1:0]    failed,
    // a tag's time is over: release 0, of its request; 1, of its quarantine
    input  logic                expire_valid,
    output logic                expire_ready,
    input  logic                expire_release,
    input  logic                expire_unsent,
    input  logic [TAG_W-1:0]    expire_tag,
    output logic [TAGS-1:0]     active,         // tags with a request
    output logic [TAGS-1:0]     quarantined,
    output logic                tag_free_valid,
    output logic [TAG_W-1:0]    tag_free,
    // space of the completion buffer that is not needed any more, in blocks of 64 and of 128 bytes (pcie_space)
    output logic                back_valid,
    output logic [6:0]          back_64,
    output logic [6:0]          back_128,
    output logic                slot_free_valid,
    output logic [SLOT_W-1:0]   slot_free,
    output logic                unexpected,     // a cycle for each completion that no read was waiting for
    output logic                rd_rsp_valid,
    input  logic                rd_rsp_ready,
    output rd_rsp_t             rd_rsp
);

  logic adv;  // all stages move
  assign adv = !rd_rsp_valid || rd_rsp_ready;

  // ---- stage A: what enters, and its tag's state -----------------------------------------------------------------------------
  // The state as issued and the state as updated are in two memories, each with one writer; fresh says which one holds.
  rd_tag_t         issued_mem [0:TAGS-1];
  rd_tag_t         updated_mem[0:TAGS-1];
  logic [TAGS-1:0] fresh_q, active_q, quarantined_q;

  logic               first_q;    // the next beat is a completion's first
  logic               take_abort, take_expire, take_beat;
  assign take_abort   = ready && adv && first_q && abort_valid;
  assign take_expire  = ready && adv && first_q && expire_valid && !abort_valid;
  assign take_beat    = ready && adv && s_valid && !(first_q && (abort_valid || expire_valid));
  assign abort_ready  = take_abort;
  assign expire_ready = take_expire;
  assign s_ready      = ready && adv && !(first_q && (abort_valid || expire_valid));

  logic [TAG_W-1:0]   a_tag;
  logic               a_in_range;
  logic [12:0]        a_avail, a_bytes;
  logic               a_reaches, a_misfit;
  assign a_tag      = expire_valid ? expire_tag : s_desc.tag[TAG_W-1:0];  // that of an abort is of no use
  assign a_in_range = (32'(s_desc.tag) < TAGS);
  // Bytes that the payload's dwords can hold, bytes of the request that it holds; whether these are the last; more dwords than bytes need.
  assign a_avail   = {s_desc.dword_count, 2'b00} - {11'd0, s_desc.lower_address[1:0]};
  assign a_reaches = (a_avail >= s_desc.byte_count);
  assign a_misfit  = (s_desc.dword_count == 11'd0) || (a_reaches && (a_avail - s_desc.byte_count) > 13'd3);
  assign a_bytes   = a_reaches ? s_desc.byte_count : a_avail;

  // Stage B's update of the same tag is not in the memories yet. Nothing enters A without adv, so adv need not be asked here.
  logic             b_changes, b_write, b_active_n, b_quarantined_n;
  logic [TAG_W-1:0] b_tag_q;
  rd_tag_t          b_state_n, a_state;
  logic             a_active, a_quarantined;
  always_comb begin
    if (b_changes && b_tag_q == a_tag) begin
      a_state       = b_state_n;
      a_active      = b_active_n;
      a_quarantined = b_quarantined_n;
    end else begin
      a_state       = fresh_q[a_tag] ? issued_mem[a_tag] : updated_mem[a_tag];
      a_active      = active_q[a_tag];
      a_quarantined = quarantined_q[a_tag];
    end
  end

  // ---- stage B registers: the completion's header stays for all its beats ---------------------------------------------------------
  logic         b_valid_q, b_expire_q, b_abort_q, b_release_q, b_unsent_q, b_none_q;
  logic         b_in_range_q, b_active_q, b_quarantined_q;
  rd_tag_t      b_state_q;
  logic [12:0]  b_bytes_q, b_byte_count_q;
  logic         b_reaches_q, b_misfit_q, b_poisoned_q, b_completed_q;
  logic [2:0]   b_cpl_q;
  logic [3:0]   b_error_q;
  logic [6:0]   b_lower_q;
  logic [511:0] b_data_q;
  logic [4:0]   b_beat_dwords_q;  // payload dwords in this beat
  logic         b_first_q, b_last_q, b_discontinue_q;
  logic [12:0]  b_left_q;     // bytes of the completion from this beat on
  logic [10:0]  b_dwords_q;   // payload dwords that the header promised, from this beat on
  logic [15:0]  b_offset_q;   // of this beat's first byte
  logic [6:0]   b_room, b_count;

  always_ff @(posedge clk) begin
    if (adv) b_valid_q <= take_abort || take_expire || take_beat;
    if (take_abort || take_expire || (take_beat && first_q)) begin
      b_abort_q       <= take_abort;
      b_expire_q      <= take_expire;
      b_release_q     <= expire_release;
      b_unsent_q      <= expire_unsent;
      b_none_q        <= take_abort && abort_none;
      b_tag_q         <= a_tag;
      b_in_range_q    <= a_in_range;
      b_active_q      <= a_active;
      b_quarantined_q <= a_quarantined;
      b_state_q       <= a_state;
      if (take_abort) b_state_q.slot <= 8'(abort_slot);
      b_bytes_q       <= a_bytes;
      b_byte_count_q  <= s_desc.byte_count;
      b_reaches_q     <= a_reaches;
      b_misfit_q      <= a_misfit;
      b_poisoned_q    <= s_desc.poisoned;
      b_completed_q   <= s_desc.completed;
      b_cpl_q         <= s_desc.status;
      b_error_q       <= s_desc.error_code;
      b_lower_q       <= s_desc.lower_address[6:0];
    end
    if (take_beat) begin
      first_q         <= s_last;
      b_data_q        <= s_data;
      b_beat_dwords_q <= s_dwords;
      b_first_q       <= first_q;
      b_last_q        <= s_last;
      b_discontinue_q <= s_discontinue;
      b_left_q        <= first_q ? a_bytes : b_left_q - 13'(b_count);
      b_dwords_q      <= first_q ? s_desc.dword_count : (b_dwords_q > 11'd16) ? b_dwords_q - 11'd16 : 11'd0;
      b_offset_q      <= first_q ? a_state.offset : b_offset_q + 16'(b_room);  // a beat with fewer bytes is the last that has any
    end
    if (rst) begin
      b_valid_q <= 1'b0;
      first_q   <= 1'b1;
    end
  end

  // ---- stage B: the verdict --------------------------------------------------------------------------------------------------------
  logic        b_beat, b_known, b_fits, b_frame_ok, b_ends, b_rests;
  logic [7:0]  b_header_status, b_status;
  assign b_beat  = !b_abort_q && !b_expire_q;
  assign b_known = b_in_range_q && b_active_q && b_error_q != RC_BAD_TAG && b_error_q != RC_MISMATCH;
  assign b_fits  = !b_misfit_q && b_byte_count_q == b_state_q.left && b_lower_q == b_state_q.lower && b_completed_q == b_reaches_q &&
                   (b_error_q == RC_OK || b_error_q == RC_POISONED);
  always_comb begin
    if (b_error_q == RC_TIMEOUT) b_header_status = STATUS_DMA_TIMEOUT;
    else if (b_error_q == RC_FLR) b_header_status = STATUS_DMA_ABORTED;
    else if (b_cpl_q == CPL_UR) b_header_status = STATUS_DMA_UNSUPPORTED;
    else if (b_cpl_q == CPL_CA) b_header_status = STATUS_DMA_ABORTED;
    else if (b_cpl_q != CPL_SC || !b_fits) b_header_status = STATUS_DMA_MALFORMED;
    else if (b_poisoned_q || b_error_q == RC_POISONED) b_header_status = STATUS_DMA_POISONED;
    else b_header_status = STATUS_OK;
  end

  // Whether the completion has the dwords that its header promised; known in its last beat.
  assign b_frame_ok = !b_discontinue_q && b_dwords_q == 11'(b_beat_dwords_q);

  always_comb begin
    b_status = b_header_status;
    b_ends   = 1'b0;
    b_rests  = 1'b0;
    if (b_expire_q) begin
      b_status = b_unsent_q ? STATUS_DMA_STOPPED : STATUS_DMA_TIMEOUT;
      b_ends   = 1'b1;
      b_rests  = !b_unsent_q;
    end else if (b_header_status == STATUS_OK || b_header_status == STATUS_DMA_POISONED) begin
      if (!b_frame_ok) b_status = STATUS_DMA_MALFORMED;
      b_ends  = b_reaches_q || !b_frame_ok;
      b_rests = !b_frame_ok;
    end else begin
      b_ends  = 1'b1;
      b_rests = (b_header_status == STATUS_DMA_MALFORMED) || !b_completed_q;
    end
  end

  // Data: none of a bad completion. The bytes of the first beat begin where the read does in its dword.
  assign b_room  = b_first_q ? 7'd64 - {5'd0, b_lower_q[1:0]} : 7'd64;
  assign b_count = (b_left_q < 13'(b_room)) ? b_left_q[6:0] : b_room;

  // The end of a completion, or an expiry, changes the tag.
  logic b_hit, b_release, b_drop;
  assign b_hit     = b_valid_q && (b_beat ? b_last_q && b_known : b_expire_q && !b_release_q && b_active_q);
  assign b_release = b_valid_q && (b_beat ? b_last_q && !b_known && b_in_range_q && b_quarantined_q && b_completed_q :
                                            b_expire_q && b_release_q && b_quarantined_q);
  assign b_drop    = b_valid_q && adv && b_beat && b_last_q && !b_known;
  assign b_changes = b_hit || b_release;
  assign b_write   = b_changes && adv;
  always_comb begin
    b_active_n       = b_hit && !b_ends;
    b_quarantined_n  = b_hit && b_ends && b_rests;
    b_state_n        = b_state_q;
    if (!b_quarantined_n) begin
      b_state_n.offset = b_state_q.offset + 16'(b_bytes_q);
      b_state_n.lower  = b_state_q.lower + b_bytes_q[6:0];
      b_state_n.left   = b_state_q.left - b_bytes_q;
    end
  end

  // Space: the blocks behind this completion, or all that the request still holds. A tag in quarantine keeps its own until it is free.
  logic [6:0] moved_64, moved_128, all_64, all_128;
  assign moved_64  = blocks_64(b_state_q.lower[5:0], b_bytes_q);
  assign moved_128 = blocks_128(b_state_q.lower, b_bytes_q);
  assign all_64    = blocks_64(b_state_q.lower[5:0], b_state_q.left + 13'd63);
  assign all_128   = blocks_128(b_state_q.lower, b_state_q.left + 13'd127);
  always_ff @(posedge clk) begin
    back_valid <= b_write && !b_quarantined_n && !rst;
    back_64    <= b_active_n ? moved_64 : all_64;
    back_128   <= b_active_n ? moved_128 : all_128;
  end

  always_ff @(posedge clk) begin
    if (issue_valid) issued_mem[issue.tag[TAG_W-1:0]] <= issue.state;
  end
  always_ff @(posedge clk) begin
    if (b_write) updated_mem[b_tag_q] <= b_state_n;
  end
  always_ff @(posedge clk) begin
    if (b_write) begin
      fresh_q[b_tag_q]       <= 1'b0;
      active_q[b_tag_q]      <= b_active_n;
      quarantined_q[b_tag_q] <= b_quarantined_n;
    end
    if (issue_valid) begin
      fresh_q[issue.tag[TAG_W-1:0]]  <= 1'b1;
      active_q[issue.tag[TAG_W-1:0]] <= 1'b1;
    end
    tag_free_valid <= b_write && !b_active_n && !b_quarantined_n;
    tag_free       <= b_tag_q;
    unexpected     <= b_drop;
    if (rst) begin
      fresh_q        <= '0;
      active_q       <= '0;
      quarantined_q  <= '0;
      tag_free_valid <= 1'b0;
      unexpected     <= 1'b0;
    end
  end
  assign active      = active_q;
  assign quarantined = quarantined_q;

  // ---- stage C: the read -----------------------------------------------------------------------------------------------------------
  logic              c_valid_q, c_ends_q, c_abort_q;
  logic [SLOT_W-1:0] c_slot_q;
  logic [7:0]        c_status_q;   // to remember, OK when nothing
  logic [6:0]        c_count_q;
  logic [5:0]        c_start_q;
  logic [15:0]       c_offset_q;
  logic [511:0]      c_data_q;
  always_ff @(posedge clk) begin
    if (adv) begin
      c_valid_q <= b_valid_q && (b_beat ? b_known : b_abort_q || b_hit);
      if (b_valid_q) begin
        c_slot_q   <= b_state_q.slot[SLOT_W-1:0];
        c_abort_q  <= b_abort_q;
        c_ends_q   <= b_hit && b_ends;
        c_status_q <= b_hit ? b_status : b_abort_q ? 8'(STATUS_DMA_STOPPED) : STATUS_OK;  // a read that failed before keeps its status
        c_count_q  <= (b_beat && b_header_status == STATUS_OK && !(b_last_q && !b_frame_ok)) ? b_count : 7'd0;
        c_start_q  <= b_first_q ? {4'd0, b_lower_q[1:0]} : 6'd0;
        c_offset_q <= b_offset_q;
        if (b_beat) c_data_q <= b_data_q;
      end
    end
    if (rst) c_valid_q <= 1'b0;
  end

  // Per slot: requests left with the read, requests ended, the first error; whether all requests have left.
  logic [RD_CTX_W-1:0] ctx_mem   [0:READS-1];
  logic [9:0]          left_mem  [0:READS-1];
  logic [17:0]         ended_mem [0:READS-1];  // count, status
  logic [READS-1:0]    complete_q, failed_q;
  logic                finish_q;               // the last request of a read has left
  logic [SLOT_W-1:0]   finish_slot_q;
  logic [SLOT_W:0]     clear_q;                // top bit: done
  logic [9:0]          c_ended, c_ended_n;
  logic [7:0]          c_first_error, c_error_n;
  logic                c_done, c_step;
  logic                c_complete;
  logic [9:0]          c_left;
  assign ready           = clear_q[SLOT_W];
  assign c_ended_n                = c_ended + 10'(c_ends_q);
  assign c_error_n                = (c_first_error == STATUS_OK) ? c_status_q : c_first_error;
  assign c_done = (c_abort_q || (c_ends_q && c_complete)) && c_ended_n == c_left;
  assign c_step = c_valid_q && adv;

  // The slot's state is read while its completion is in stage B. What the one before it, in C, does to the same slot is passed on; requests
  // that leave meanwhile make no difference: none of their completions can be in B or C yet, and complete comes only with the last of them.
  logic [SLOT_W-1:0] b_slot;
  assign b_slot = b_state_q.slot[SLOT_W-1:0];
  always_ff @(posedge clk) begin
    if (adv && b_valid_q) begin
      if (c_step && c_slot_q == b_slot) begin
        {c_ended, c_first_error} <= c_done ? {10'd0, STATUS_OK} : {c_ended_n, c_error_n};
        c_complete               <= !c_done && (complete_q[b_slot] || c_abort_q);
      end else begin
        {c_ended, c_first_error} <= ended_mem[b_slot];
        c_complete               <= complete_q[b_slot];
      end
      c_left <= b_none_q ? 10'd0 : left_mem[b_slot];
    end
  end

  always_ff @(posedge clk) begin
    if (open_valid) ctx_mem[open_slot] <= open_ctx;
  end
  always_ff @(posedge clk) begin
    if (issue_valid) left_mem[issue.state.slot[SLOT_W-1:0]] <= issue.number;
  end
  always_ff @(posedge clk) begin
    if (c_step || !ready) begin
      ended_mem[ready ? c_slot_q : clear_q[SLOT_W-1:0]] <= (!ready || c_done) ? {10'd0, STATUS_OK} : {c_ended_n, c_error_n};
    end
  end
  always_ff @(posedge clk) begin
    if (!ready) clear_q <= clear_q + (SLOT_W + 1)'(1);
    // A cycle late, which no completion of the request can notice.
    finish_q      <= issue_valid && issue.finish && !rst;
    finish_slot_q <= issue.state.slot[SLOT_W-1:0];
    if (finish_q) complete_q[finish_slot_q] <= 1'b1;
    if (c_step) begin
      if (c_done) complete_q[c_slot_q] <= 1'b0;
      else if (c_abort_q) complete_q[c_slot_q] <= 1'b1;
      failed_q[c_slot_q] <= !c_done && c_error_n != STATUS_OK;
    end
    slot_free_valid <= c_step && c_done;
    slot_free       <= c_slot_q;
    if (rst) begin
      clear_q         <= '0;
      complete_q      <= '0;
      failed_q        <= '0;
      slot_free_valid <= 1'b0;
    end
  end
  assign failed = failed_q;

  always_ff @(posedge clk) begin
    if (adv) begin
      rd_rsp_valid <= c_valid_q && (c_count_q != 7'd0 || c_done);
      if (c_valid_q) begin
        rd_rsp.ctx    <= ctx_mem[c_slot_q];
        rd_rsp.offset <= c_offset_q;
        rd_rsp.count  <= c_count_q;
        rd_rsp.start  <= c_start_q;
        rd_rsp.done   <= c_done;
        rd_rsp.status <= c_error_n;
        rd_rsp.data   <= c_data_q;
      end
    end
    if (rst) rd_rsp_valid <= 1'b0;
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst) begin
      a_lanes : assert (!rd_rsp_valid || 7'(rd_rsp.start) + rd_rsp.count <= 7'd64) else $error("pcie_read_rc: lanes");
      a_once  : assert (!(issue_valid && (active_q[issue.tag[TAG_W-1:0]] || quarantined_q[issue.tag[TAG_W-1:0]])))
      else $error("pcie_read_rc: tag %0d issued while in use", issue.tag);
    end
  end
`endif

endmodule

`default_nettype wire
