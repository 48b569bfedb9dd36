// SPDX-License-Identifier: Apache-2.0
// Merges memory reads and memory write TLPs onto RQ. Writes keep their order among themselves, and so do reads; a read may pass a write.
// RQ is straddled: a read, 16 bytes, takes the upper half of a write's last beat where that is free, or two reads share a beat, in turn with
// the writes. One read alone lets PATIENCE write TLPs go first: it may find company, or such a place. While stop is set no TLP begins: write TLPs and reads
// that come are dropped, and told; one that has begun ends.
// Up to two reads wait here. What leaves is told: reads, so that their time begins; the last TLP of a write has sequence number bit 5 set.
// Latency: a write beat 1 cycle, a read 2 when RQ is free; one beat a cycle. The block makes a 3 dword header of an
// address below 4 GiB and a 4 dword header of others; the descriptor is the same for both.
// Source: PG213 "Requester Request Descriptor Formats", "Straddle Option on RQ Interface".
`default_nettype none

module pcie_rq import pcie_pkg::*; (
    input  logic         clk,
    input  logic         rst,
    input  logic         stop,
    // reads
    input  logic         mrd_valid,
    output logic         mrd_ready,
    input  mrd_t         mrd,
    // write TLPs, from pcie_write
    output logic         merge,     // a write may take the upper half: no read waits
    input  logic         s_valid,
    output logic         s_ready,
    input  logic [511:0] s_data,
    input  rq_beat_t     s_beat,
    // requester requests
    output logic         m_axis_rq_tvalid,
    input  logic         m_axis_rq_tready,
    output logic [511:0] m_axis_rq_tdata,
    output logic [15:0]  m_axis_rq_tkeep,
    output logic [136:0] m_axis_rq_tuser,
    output logic         m_axis_rq_tlast,
    output logic [1:0]   writes_sent,     // last TLPs of writes that go to the output,
    output logic [1:0]   writes_dropped,  // and that go nowhere
    output logic         read_dropped,
    output logic [1:0]   reads_left  // reads that leave in this cycle, in the order in which they came
);

  localparam int unsigned PATIENCE   = 3;
  localparam int unsigned PATIENCE_W = $clog2(PATIENCE + 1);

  // ---- the reads that wait, the older one first ------------------------------------------------------------------------------
  logic first_valid_q, second_valid_q;
  mrd_t first_q, second_q;
  logic push, pop_first, pop_both;
  assign mrd_ready = !second_valid_q;
  assign push      = mrd_valid && mrd_ready;

  always_ff @(posedge clk) begin
    if (pop_both || ((pop_first || read_dropped) && !second_valid_q) || !first_valid_q) begin
      first_valid_q  <= push;
      second_valid_q <= 1'b0;
      first_q        <= mrd;
    end else if (pop_first || read_dropped) begin
      second_valid_q <= push;
      first_q        <= second_q;
      second_q       <= mrd;
    end else if (push) begin
      second_valid_q <= 1'b1;
      second_q       <= mrd;
    end
    if (rst) begin
      first_valid_q  <= 1'b0;
      second_valid_q <= 1'b0;
    end
  end

  // ---- who is next -----------------------------------------------------------------------------------------------------------
  logic in_write_q;   // in the middle of a write TLP
  logic [PATIENCE_W-1:0] waited_q;  // write TLPs that went before the reads that wait
  logic read_turn;    // reads go first when both wait
  logic in_drop_q;    // in the middle of a write TLP that is dropped
  logic out_ready, pick_write, pick_read, ride, open, drop, cut;
  assign read_turn  = (second_valid_q && waited_q != '0) || (first_valid_q && waited_q == PATIENCE_W'(PATIENCE));
  // drop: the whole beat; cut: the TLP that begins in the upper half of the last beat of one that goes out.
  assign drop       = !in_write_q && (in_drop_q || stop);
  assign cut        = stop && s_beat.sop_hi;
  assign open       = s_beat.sop_hi ? !s_beat.eop_hi : !s_beat.eop_lo;
  assign s_ready    = drop || (out_ready && (in_write_q || !read_turn));
  assign pick_write = s_valid && s_ready && !drop;
  assign pick_read  = out_ready && !stop && !in_write_q && !in_drop_q && first_valid_q && (read_turn || !s_valid);
  assign ride       = pick_write && !stop && first_valid_q && !s_beat.sop_hi && s_beat.eop_lo && (s_beat.ptr_lo < 4'd8);
  assign pop_first  = pick_read || ride;
  assign pop_both   = pick_read && second_valid_q;
  assign merge      = !first_valid_q;
  // What is on its way out leaves before a read is told dropped: the order of the reads holds.
  assign read_dropped   = stop && first_valid_q && !m_axis_rq_tvalid && !in_write_q;
  assign writes_sent    = pick_write ? 2'(s_beat.final_lo) + 2'(s_beat.final_hi && !cut) : 2'd0;
  assign writes_dropped = (s_valid && drop) ? 2'(s_beat.final_lo) + 2'(s_beat.final_hi) : 2'(pick_write && cut && s_beat.final_hi);

  always_ff @(posedge clk) begin
    if (rst) begin
      in_write_q <= 1'b0;
      in_drop_q  <= 1'b0;
      waited_q   <= '0;
    end else begin
      if (pick_write) in_write_q <= open && !cut;
      if (s_valid && s_ready) in_drop_q <= open && (drop || cut);
      if (pop_first || !first_valid_q) waited_q <= '0;
      else if (pick_write && !open && waited_q != PATIENCE_W'(PATIENCE)) waited_q <= waited_q + 1'b1;
    end
  end

  // ---- the beat ----------------------------------------------------------------------------------------------------------------
  logic [511:0] data;
  rq_beat_t     beat;
  mrd_t         upper;
  rq_desc_t     lower_desc, upper_desc;
  always_comb begin
    upper                  = pick_read ? second_q : first_q;
    lower_desc             = '0;
    lower_desc.tag         = first_q.tag;
    lower_desc.req_type    = REQ_MEM_READ;
    lower_desc.dword_count = first_q.dword_count;
    lower_desc.address     = first_q.address;
    upper_desc             = lower_desc;
    upper_desc.tag         = upper.tag;
    upper_desc.dword_count = upper.dword_count;
    upper_desc.address     = upper.address;

    data = s_data;
    beat = s_beat;
    if (cut) begin
      beat.sop_hi   = 1'b0;
      beat.eop_hi   = 1'b0;
      beat.final_hi = 1'b0;
    end
    if (pick_read) begin
      data        = {384'd0, lower_desc};
      beat        = '0;
      beat.sop_lo = 1'b1;
      beat.eop_lo = 1'b1;
      beat.ptr_lo = 4'd3;
      beat.be_lo  = {first_q.last_be, first_q.first_be};
    end
    if (pop_both || ride) begin
      data[511:256] = {128'd0, upper_desc};
      beat.sop_hi   = 1'b1;
      beat.eop_hi   = 1'b1;
      beat.ptr_hi   = 4'd11;
      beat.be_hi    = {upper.last_be, upper.first_be};
    end
  end

  rq_beat_t   out;
  logic [1:0] out_reads;
  skid #(
      .WIDTH(512 + $bits(rq_beat_t) + 2)
  ) u_out (
      .clk    (clk),
      .rst    (rst),
      .s_valid(pick_read || pick_write),
      .s_ready(out_ready),
      .s_data ({data, beat, pop_both, pop_first && !pop_both}),
      .m_valid(m_axis_rq_tvalid),
      .m_ready(m_axis_rq_tready),
      .m_data ({m_axis_rq_tdata, out, out_reads})
  );
  assign reads_left = (m_axis_rq_tvalid && m_axis_rq_tready) ? out_reads : 2'd0;

  // Bits 4:0 count the writes, for whoever looks at waves.
  logic [4:0] seq_q;
  always_ff @(posedge clk) begin
    if (rst) seq_q <= '0;
    else if (m_axis_rq_tvalid && m_axis_rq_tready) seq_q <= seq_q + 5'(out.final_lo) + 5'(out.final_hi);
  end

  // Index 0 of the pairs is the first TLP that begins, or ends, in the beat.
  rq_user_t user;
  always_comb begin
    user             = '0;
    user.seq_num0    = (out.sop_lo ? out.final_lo : out.final_hi) ? {1'b1, seq_q} : 6'd0;
    user.seq_num1    = (out.sop_lo && out.final_hi) ? {1'b1, seq_q + 5'(out.final_lo)} : 6'd0;
    user.is_sop      = {out.sop_lo && out.sop_hi, out.sop_lo || out.sop_hi};
    user.is_sop0_ptr = {out.sop_hi && !out.sop_lo, 1'b0};
    user.is_sop1_ptr = {out.sop_hi && out.sop_lo, 1'b0};
    user.is_eop      = {out.eop_hi, out.eop_lo};
    user.is_eop0_ptr = out.eop_lo ? out.ptr_lo : 4'd0;
    user.is_eop1_ptr = out.eop_hi ? out.ptr_hi : 4'd0;
    if (out.sop_lo) begin
      user.first_be = {out.sop_hi ? out.be_hi[3:0] : 4'd0, out.be_lo[3:0]};
      user.last_be  = {out.sop_hi ? out.be_hi[7:4] : 4'd0, out.be_lo[7:4]};
    end else if (out.sop_hi) begin
      user.first_be = {4'd0, out.be_hi[3:0]};
      user.last_be  = {4'd0, out.be_hi[7:4]};
    end
  end
  assign m_axis_rq_tuser = user;
  assign m_axis_rq_tkeep = '1;
  assign m_axis_rq_tlast = 1'b0;

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst) begin
      a_one : assert (!(pick_read && pick_write)) else $error("pcie_rq: two sources in one cycle");
      a_order : assert (!pick_write || s_beat.sop_lo != in_write_q) else $error("pcie_rq: a TLP begins before the last one ended");
    end
  end
`endif

endmodule

`default_nettype wire
