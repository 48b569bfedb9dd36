// SPDX-License-Identifier: Apache-2.0
// Takes the completions out of the straddled RC stream, in which the next one may begin in any 16-byte lane behind the last, and puts each
// payload at the start of a beat, its descriptor beside the first. So a completion of n dwords takes ceil(n / 16) beats (one if it has none),
// however the stream packs it, and the block's completion buffer is emptied as fast as the link can fill it.
//
//   lane        0         1         2         3
//   cur    | ... payload A ........ | desc B, b0 b1 b2 | ...     the beat that holds the next byte to deliver; W: its dword there
//   nxt    | b3 ...                                              the beat after it
//   out    | b0 b1 b2 b3 ... b15 |                               { nxt[W-1:0], cur[15:W] }, W = 3 behind the lane where the completion began
//
// A cycle delivers one beat, and takes one from the stream when cur is used up. Latency 2 cycles. A beat marked discontinue marks all that
// is delivered from it. Source: PG213 "Straddle Option on RC Interface", "Requester Completion Interface Operation (512 bits)".
`default_nettype none

module pcie_rc_unpack import pcie_pkg::*; (
    input  logic         clk,
    input  logic         rst,
    input  logic         s_axis_tvalid,
    output logic         s_axis_tready,
    input  logic [511:0] s_axis_tdata,
    input  logic [160:0] s_axis_tuser,
    output logic         m_valid,
    input  logic         m_ready,
    output rc_desc_t     m_desc,        // in the first beat
    output logic [511:0] m_data,
    output logic [4:0]   m_dwords,      // 0 to 16; less than 16 only in the last beat
    output logic         m_last,
    output logic         m_discontinue
);

  // ---- the next beat: what begins and ends in it, in order ------------------------------------------------------------------
  localparam int unsigned MARKS_W = 4 + 8 + 4 + 16 + 1;
  rc_user_t     in_user;
  logic         nxt_valid, nxt_take, nxt_discontinue;
  logic [511:0] nxt_data;
  logic [3:0]   nxt_sop, nxt_eop;
  logic [7:0]   nxt_sop_ptr;
  logic [15:0]  nxt_eop_ptr;
  assign in_user = s_axis_tuser;
  skid #(
      .WIDTH(512 + MARKS_W)
  ) u_in (
      .clk    (clk),
      .rst    (rst),
      .s_valid(s_axis_tvalid),
      .s_ready(s_axis_tready),
      .s_data ({s_axis_tdata, in_user.is_sop, in_user.is_sop_ptr, in_user.is_eop, in_user.is_eop_ptr, in_user.discontinue}),
      .m_valid(nxt_valid),
      .m_ready(nxt_take),
      .m_data ({nxt_data, nxt_sop, nxt_sop_ptr, nxt_eop, nxt_eop_ptr, nxt_discontinue})
  );

  // ---- the beat in work; its marks move down as they are used -------------------------------------------------------------------
  logic         cur_valid_q, cur_discontinue_q;
  logic [511:0] cur_data_q;
  logic [3:0]   cur_sop_q, cur_eop_q;
  logic [7:0]   cur_sop_ptr_q;
  logic [15:0]  cur_eop_ptr_q;
  logic         open_q;   // a completion goes on in it, from dword {lane_q, 2'b11}
  logic [1:0]   lane_q;

  logic [1:0]   lane;
  logic [3:0]   window;
  logic         work, ends_cur, ends_nxt, go, more, advance;
  assign lane     = open_q ? lane_q : cur_sop_ptr_q[1:0];
  assign window   = {lane, 2'b11};
  assign work     = cur_valid_q && (open_q || cur_sop_q[0]);
  assign ends_cur = cur_eop_q[0];
  assign ends_nxt = !ends_cur && nxt_eop[0] && nxt_eop_ptr[3:0] < window;
  assign more     = open_q ? cur_sop_q[0] : cur_sop_q[1];
  assign go       = work && (ends_cur || nxt_valid) && (!m_valid || m_ready);
  assign advance  = go && !(ends_cur && more);
  assign nxt_take = !cur_valid_q || advance;

  always_ff @(posedge clk) begin
    if (nxt_take) begin
      cur_valid_q       <= nxt_valid;
      cur_data_q        <= nxt_data;
      cur_discontinue_q <= nxt_discontinue;
      cur_sop_q         <= nxt_sop;
      cur_sop_ptr_q     <= nxt_sop_ptr;
      cur_eop_q         <= nxt_eop;
      cur_eop_ptr_q     <= nxt_eop_ptr;
      open_q            <= 1'b0;
      if (advance && ends_nxt) begin
        cur_valid_q   <= nxt_sop[0];
        cur_eop_q     <= nxt_eop >> 1;
        cur_eop_ptr_q <= nxt_eop_ptr >> 4;
      end else if (advance && !ends_cur) begin
        open_q <= 1'b1;
        lane_q <= lane;
      end else if (!nxt_sop[0]) begin
        cur_valid_q <= 1'b0;  // an end without a beginning
      end
    end else if (go) begin
      cur_eop_q     <= cur_eop_q >> 1;
      cur_eop_ptr_q <= cur_eop_ptr_q >> 4;
      open_q        <= 1'b0;
      if (!open_q) begin
        cur_sop_q     <= cur_sop_q >> 1;
        cur_sop_ptr_q <= cur_sop_ptr_q >> 2;
      end
    end
    if (rst) begin
      cur_valid_q <= 1'b0;
      open_q      <= 1'b0;
    end
  end

  // ---- out --------------------------------------------------------------------------------------------------------------------------
  logic [511:0] data;
  logic [95:0]  desc;
  logic [4:0]   dwords;
  always_comb begin
    unique case (lane)
      2'd0:    data = {nxt_data[95:0], cur_data_q[511:96]};
      2'd1:    data = {nxt_data[223:0], cur_data_q[511:224]};
      2'd2:    data = {nxt_data[351:0], cur_data_q[511:352]};
      default: data = {nxt_data[479:0], cur_data_q[511:480]};
    endcase
    unique case (lane)
      2'd0:    desc = cur_data_q[95:0];
      2'd1:    desc = cur_data_q[223:128];
      2'd2:    desc = cur_data_q[351:256];
      default: desc = cur_data_q[479:384];
    endcase
    if (ends_cur) dwords = (cur_eop_ptr_q[3:0] < window) ? 5'd0 : {1'b0, cur_eop_ptr_q[3:0] - window} + 5'd1;
    else if (ends_nxt) dwords = 5'd17 - {1'b0, window} + {1'b0, nxt_eop_ptr[3:0]};
    else dwords = 5'd16;
  end

  always_ff @(posedge clk) begin
    if (!m_valid || m_ready) begin
      m_valid       <= go;
      m_desc        <= desc;
      m_data        <= data;
      m_dwords      <= dwords;
      m_last        <= ends_cur || ends_nxt;
      m_discontinue <= cur_discontinue_q || (!ends_cur && nxt_discontinue);
    end
    if (rst) m_valid <= 1'b0;
  end

endmodule

`default_nettype wire
