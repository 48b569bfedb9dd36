// SPDX-License-Identifier: Apache-2.0
// First half of pcie_read: takes reads of host memory, gives each a slot, and cuts it into read requests that end on MRRS boundaries (so
// none is longer than MRRS or crosses 4 KiB), each under a tag of its own. First and last byte enables ask for exactly the read's bytes.
// While stop is set no request gets a tag: each is dropped, and so is the rest of its read.
// Once a part of a read has failed, its further requests are cut off but dropped, and in place of the last one goes an abort, which tells the
// other half that none follows. So a dead link does not use up tags for reads that have already failed.
// A request that has its tag and its space is sent, whatever comes: mrd_valid does not fall without mrd_ready.
// A request every cycle, a read every 2; 3 cycles from a read to its first request. Source: PCI Express Base 2.2.5, 2.2.7.
`default_nettype none

module pcie_read_split import espalier_pkg::*, pcie_pkg::*; #(
    parameter int unsigned READS = 256,             // slots, up to 256
    parameter int unsigned TAGS  = 256,             // tags, up to 256
    parameter int unsigned SLOT_W = $clog2(READS),
    parameter int unsigned TAG_W  = $clog2(TAGS)
) (
    input  logic              clk,
    input  logic              rst,
    input  logic [2:0]        cfg_max_read_req,
    input  logic              stop,
    input  logic              rd_req_valid,
    output logic              rd_req_ready,
    input  rd_req_t           rd_req,
    // a free slot; taken with the read
    input  logic              slot_valid,
    input  logic [SLOT_W-1:0] slot_index,
    output logic              slot_take,
    // a free tag, and space for the completions of the next request (pcie_space); taken with issue_valid
    input  logic              tag_valid,
    input  logic [TAG_W-1:0]  tag_index,
    output logic [6:0]        need_64,
    output logic [6:0]        need_128,
    input  logic              fits,
    // requests; issue_valid: one has got its tag, and goes to mrd
    output logic              mrd_valid,
    input  logic              mrd_ready,
    output mrd_t              mrd,
    output logic              issue_valid,
    output rd_issue_t         issue,
    // reads that failed
    input  logic [READS-1:0]  failed,
    output logic              abort_valid,  // from a register, behind all requests of the read
    input  logic              abort_ready,
    output logic [SLOT_W-1:0] abort_slot,
    output logic              abort_none  // no request of the read was issued
);

  // ---- the read that is being cut ---------------------------------------------------------------------------------------
  logic              busy_q;
  logic [63:0]       addr_q;    // of what is left
  logic [15:0]       left_q;
  logic [15:0]       offset_q;
  logic [9:0]        number_q;  // requests cut off so far
  logic [SLOT_W-1:0] slot_q;
  logic [12:0]       room_q;    // bytes to the next MRRS boundary
  logic              load, cut;

  // ---- the request that waits for a tag and for space ------------------------------------------------------------------------
  logic        out_valid_q;
  logic [61:0] out_addr_q;
  logic [10:0] out_dwords_q;
  logic [3:0]  out_first_be_q, out_last_be_q;
  rd_tag_t     out_state_q;
  logic [9:0]  out_number_q;
  logic        out_finish_q;
  logic [6:0]  out_64_q, out_128_q;  // blocks that it touches

  logic drop, drop_q, leaves;
  logic some_q;  // a request of this read was issued
  assign drop         = out_valid_q && (drop_q || stop);
  assign leaves       = issue_valid || (drop && (!out_finish_q || !abort_valid));
  assign load         = rd_req_valid && rd_req_ready;
  assign cut          = busy_q && (!out_valid_q || leaves);
  assign rd_req_ready = !busy_q && slot_valid;
  assign slot_take    = load;

  // ---- the next request -----------------------------------------------------------------------------------------------------
  // Either all that is left, or up to the boundary: both are worked out beside the comparison that chooses.
  function automatic logic is_one(input logic [12:0] bytes);  // a single dword
    is_one = (bytes[12:3] == '0) && (bytes[2:0] <= 3'd4);
  endfunction

  logic [12:0] mrrs_q, mask_q, size;
  logic        finish;
  logic [12:0] span, span_left, span_room;  // from the first dword's first byte to the end
  logic [3:0]  head_be, tail_be;
  logic        one;
  always_comb begin
    finish    = (left_q <= 16'(room_q));
    size      = finish ? left_q[12:0] : room_q;
    span_left = left_q[12:0] + {11'd0, addr_q[1:0]};
    span_room = room_q + {11'd0, addr_q[1:0]};
    span      = finish ? span_left : span_room;
    one       = finish ? is_one(span_left) : is_one(span_room);
    head_be = 4'b1111 << addr_q[1:0];
    unique case (span[1:0])
      2'd1:    tail_be = 4'b0001;
      2'd2:    tail_be = 4'b0011;
      2'd3:    tail_be = 4'b0111;
      default: tail_be = 4'b1111;
    endcase
  end

  always_ff @(posedge clk) begin
    mrrs_q <= size_bytes(cfg_max_read_req);
    mask_q <= mrrs_q - 13'd1;
    if (load) begin
      room_q   <= mrrs_q - ({1'b0, rd_req.addr[11:0]} & mask_q);
      busy_q   <= 1'b1;
      addr_q   <= rd_req.addr;
      left_q   <= rd_req.len;
      offset_q <= '0;
      number_q <= '0;
      slot_q   <= slot_index;
    end
    // Known a cycle late: one request of a failed read may still leave. What follows a dropped one is of the same read.
    drop_q <= leaves ? drop && !out_finish_q : out_valid_q && failed[out_state_q.slot[SLOT_W-1:0]];
    if (leaves) some_q <= !out_finish_q && (some_q || issue_valid);
    if (abort_ready) abort_valid <= 1'b0;
    if (drop && out_finish_q && !abort_valid) begin
      abort_valid <= 1'b1;
      abort_slot  <= out_state_q.slot[SLOT_W-1:0];
      abort_none  <= !some_q;
    end
    if (leaves) out_valid_q <= 1'b0;
    if (cut) begin
      out_valid_q        <= 1'b1;
      out_addr_q         <= addr_q[63:2];
      out_dwords_q       <= 11'((span + 13'd3) >> 2);
      out_first_be_q     <= one ? (head_be & tail_be) : head_be;
      out_last_be_q      <= one ? 4'd0 : tail_be;
      out_state_q.slot   <= 8'(slot_q);
      out_state_q.offset <= offset_q;
      out_state_q.lower  <= addr_q[6:0];
      out_state_q.left   <= size;
      out_number_q       <= number_q + 10'd1;
      out_finish_q       <= finish;
      out_64_q           <= blocks_64(addr_q[5:0], size + 13'd63);
      out_128_q          <= blocks_128(addr_q[6:0], size + 13'd127);
      addr_q             <= addr_q + 64'(room_q);  // of no use behind the last request
      left_q             <= left_q - 16'(room_q);
      offset_q           <= offset_q + 16'(room_q);
      room_q             <= mrrs_q;
      number_q           <= number_q + 10'd1;
      if (finish) busy_q <= 1'b0;
    end
    if (rst) begin
      busy_q      <= 1'b0;
      out_valid_q <= 1'b0;
      some_q      <= 1'b0;
      abort_valid <= 1'b0;
    end
  end

  // ---- the request that has both, on its way to RQ ----------------------------------------------------------------------------
  assign need_64     = out_64_q;
  assign need_128    = out_128_q;
  assign issue_valid = out_valid_q && tag_valid && fits && !drop && (!mrd_valid || mrd_ready);
  always_ff @(posedge clk) begin
    if (mrd_ready) mrd_valid <= 1'b0;
    if (issue_valid) begin
      mrd_valid       <= 1'b1;
      mrd.tag         <= 8'(tag_index);
      mrd.address     <= out_addr_q;
      mrd.dword_count <= out_dwords_q;
      mrd.first_be    <= out_first_be_q;
      mrd.last_be     <= out_last_be_q;
    end
    if (rst) mrd_valid <= 1'b0;
  end
  always_comb begin
    issue.tag       = 8'(tag_index);
    issue.state     = out_state_q;
    issue.number    = out_number_q;
    issue.finish    = out_finish_q;
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst && load) a_len : assert (rd_req.len != 0) else $error("pcie_read_split: empty read");
    if (!rst && issue_valid) begin
      a_page : assert (13'({out_addr_q[9:0], 2'b00}) + {out_dwords_q, 2'b00} <= 13'd4096)
      else $error("pcie_read_split: request crosses 4 KiB");
    end
  end
`endif

endmodule

`default_nettype wire
