// SPDX-License-Identifier: Apache-2.0
// Host memory writes: cuts each write (wr_req_t and its beats) into memory write TLPs of at most MPS bytes that end on MPS boundaries, so
// that none crosses 4 KiB, and shifts the payload behind the 16-byte descriptor. A TLP begins in byte 0, or in byte 32 behind the end of the
// one before when that lies in the lower half and the next write is there already (straddling):
//
//   in     | a0: 0 .. 47 | 48 .. 63 |          | a1: 4 bytes |             | b0: 0 .. 15 | 16 .. 63 |
//   out    | descriptor a, a0: 0 .. 47 |       | a0: 48 .. 63, a1, unused to 31, descriptor b, b0: 0 .. 15 |     | b0: 16 .. 63, ...
//
// One beat a cycle goes in, and at most one out; the beats of a TLP leave without a gap, as PG213 asks, if those of its write come without
// one. Latency 3 cycles, 1 more for a TLP of up to 32 bytes. TLPs leave in the order of the
// writes. Alignment: see wr_req_t; a write's first byte is in lane 0 and at a dword boundary, so only the last dword of a
// TLP can be partial. Source: PCI Express Base 2.2.7, 2.2.2; PG213 "Requester Request Interface Operation (512 bits)", "Straddle Option on
// RQ Interface".
`default_nettype none

module pcie_write import espalier_pkg::*, pcie_pkg::*; (
    input  logic         clk,
    input  logic         rst,
    input  logic [1:0]   cfg_max_payload,  // 128 << code bytes
    input  logic         s_axis_tvalid,
    output logic         s_axis_tready,
    input  logic [511:0] s_axis_tdata,
    input  logic         s_axis_tlast,
    input  wr_req_t      s_axis_tuser,
    // TLPs as on RQ; a beat whose TLPs end in the lower half has room for a read in the upper one
    input  logic         merge,            // a TLP may begin in the upper half: nothing else wants it
    output logic         m_valid,
    input  logic         m_ready,
    output logic [511:0] m_data,
    output rq_beat_t     m_beat
);

  localparam int unsigned REQ_W = 64 + 16;  // bits of wr_req_t

  logic         in_valid, in_ready;
  logic [511:0] in_data;
  wr_req_t      in_req;
  skid #(
      .WIDTH(512 + REQ_W)
  ) u_in (
      .clk    (clk),
      .rst    (rst),
      .s_valid(s_axis_tvalid),
      .s_ready(s_axis_tready),
      .s_data ({s_axis_tuser, s_axis_tdata}),
      .m_valid(in_valid),
      .m_ready(in_ready),
      .m_data ({in_req, in_data})
  );

  // ---- stage 1: where TLPs begin and end. Every TLP begins with an input beat. --------------------------------------------
  logic        begin_q;           // the next beat is a write's first
  logic [63:0] addr_q;            // of the next beat
  logic [15:0] left_q;            // bytes of the write from the next beat on
  logic [12:0] mps;
  logic [63:0] addr;
  logic [15:0] left;
  logic [12:0] room;              // bytes to the next MPS boundary
  logic        tlp_first, tlp_last;
  assign mps       = size_bytes({1'b0, cfg_max_payload});
  assign addr      = begin_q ? in_req.addr : addr_q;
  assign left      = begin_q ? in_req.len : left_q;
  assign room      = mps - ({1'b0, addr[11:0]} & (mps - 13'd1));
  assign tlp_first = begin_q || (room == mps);
  assign tlp_last  = (left <= 16'd64) || (room <= 13'd64);

  logic         s1_valid_q, s1_first_q, s1_last_q, s1_ready;
  logic [511:0] s1_data_q;
  logic [61:0]  s1_addr_q;        // dword address
  logic [12:0]  s1_size_q;        // bytes of the TLP, in its first beat
  logic [6:0]   s1_bytes_q;       // bytes of this beat
  logic         s1_final_q;       // the TLP that begins with it is the last of its write
  assign in_ready = !s1_valid_q || s1_ready;

  always_ff @(posedge clk) begin
    if (in_ready) begin
      s1_valid_q <= in_valid;
      if (in_valid) begin
        s1_first_q <= tlp_first;
        s1_last_q  <= tlp_last;
        s1_data_q  <= in_data;
        s1_addr_q  <= addr[63:2];
        s1_size_q  <= (left < 16'(room)) ? left[12:0] : room;
        s1_bytes_q <= (left < 16'd64) ? left[6:0] : 7'd64;
        s1_final_q <= (left <= 16'(room));
        begin_q    <= (left <= 16'd64);
        addr_q     <= addr + 64'd64;
        left_q     <= left - 16'd64;
      end
    end
    if (rst) begin
      s1_valid_q <= 1'b0;
      begin_q    <= 1'b1;
    end
  end

  // ---- stage 2: the shifted beats ---------------------------------------------------------------------------------------------
  // A TLP that begins in byte 0 leaves 16 bytes of each input beat for the next output beat, one that begins in byte 32 leaves 48.
  logic [383:0] carry_q;        // these bytes; with tail_q what is still to leave of a TLP that has ended
  logic         upper_q;        // the TLP in work began in byte 32
  logic         tail_q, tail_sop_q, tail_final_q;  // tail_sop_q: all of the TLP
  logic [3:0]   tail_dwords_q;  // 1 to 12
  logic [7:0]   tail_be_q;
  logic         out_ready, start, join_tail, flush, take, upper, keep, emit;

  logic [3:0] tail_be, head_be;
  logic [7:0] be;
  logic [4:0] beat_dwords;      // of the payload in this input beat
  assign beat_dwords = 5'((s1_bytes_q + 7'd3) >> 2);
  // Byte enables of the last dword, and of the first where it is the only one.
  always_comb begin
    unique case (s1_size_q[1:0])
      2'd1:    tail_be = 4'b0001;
      2'd2:    tail_be = 4'b0011;
      2'd3:    tail_be = 4'b0111;
      default: tail_be = 4'b1111;
    endcase
    head_be = (s1_size_q <= 13'd4) ? tail_be : 4'b1111;
    be      = {(s1_size_q <= 13'd4) ? 4'd0 : tail_be, head_be};
  end

  rq_desc_t desc;
  always_comb begin
    desc             = '0;
    desc.req_type    = REQ_MEM_WRITE;
    desc.dword_count = 11'((s1_size_q + 13'd3) >> 2);
    desc.address     = s1_addr_q;
  end

  logic [4:0]   total;    // dwords up to the end of this input beat, from the output beat's start
  logic         ends;     // the TLP ends in this output beat
  logic [511:0] body;
  rq_beat_t     beat;
  assign start     = s1_valid_q && s1_first_q;
  assign join_tail = tail_q && start && merge && (tail_dwords_q <= 4'd8);
  assign flush     = tail_q && !join_tail;
  assign upper     = start ? tail_q : upper_q;
  assign total     = beat_dwords + (upper ? 5'd12 : 5'd4);
  assign ends      = s1_last_q && (total <= 5'd16);
  assign keep      = start && s1_last_q && !upper && (total <= 5'd8);  // a short TLP, all of it, waits a cycle for another to join it
  assign take      = s1_valid_q && !flush && out_ready;
  assign emit      = flush || (s1_valid_q && !keep);
  assign s1_ready  = !flush && out_ready;

  always_comb begin
    if (flush) body = {128'd0, carry_q};
    else if (upper) body = {s1_data_q[127:0], start ? {desc, carry_q[255:0]} : carry_q};
    else body = {s1_data_q[383:0], start ? desc : carry_q[127:0]};
    beat = '0;
    if (tail_q) begin
      beat.sop_lo = tail_sop_q;
      beat.be_lo  = tail_be_q;
      beat.eop_lo = 1'b1;
      beat.ptr_lo = tail_dwords_q - 4'd1;
      beat.final_lo = tail_final_q;
      beat.sop_hi = join_tail;
      beat.final_hi = join_tail && s1_final_q;
      beat.be_hi  = be;
      beat.eop_hi = join_tail && ends;
      beat.ptr_hi = 4'(total - 5'd1);
    end else begin
      beat.sop_lo = start;
      beat.final_lo = start && s1_final_q;
      beat.be_lo  = be;
      beat.eop_lo = ends;
      beat.ptr_lo = 4'(total - 5'd1);
    end
  end

  logic         out_valid_q;
  logic [511:0] out_data_q;
  rq_beat_t     out_beat_q;
  assign out_ready = !out_valid_q || m_ready;

  always_ff @(posedge clk) begin
    if (out_ready) begin
      out_valid_q <= emit;
      if (emit) begin
        out_data_q <= body;
        out_beat_q <= beat;
      end
      if (flush || take) tail_q <= 1'b0;
      if (take) begin
        upper_q <= upper;
        if (keep) carry_q[255:0] <= body[255:0];
        else carry_q <= upper ? s1_data_q[511:128] : {256'd0, s1_data_q[511:384]};
        if (s1_last_q && !(ends && !keep)) begin
          tail_q        <= 1'b1;
          tail_sop_q    <= keep;
          tail_final_q  <= keep && s1_final_q;
          tail_be_q     <= be;
          tail_dwords_q <= keep ? total[3:0] : 4'(total - 5'd16);
        end
      end
    end
    if (rst) begin
      out_valid_q <= 1'b0;
      tail_q      <= 1'b0;
    end
  end

  assign m_valid = out_valid_q;
  assign m_data  = out_data_q;
  assign m_beat  = out_beat_q;

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst && in_valid && begin_q) begin
      a_len : assert (in_req.len != 0) else $error("pcie_write: empty write");
      a_align : assert (in_req.addr[5:0] == 0 || (in_req.addr[1:0] == 0 && in_req.len <= 16'd64 && 16'(in_req.addr[6:0]) + in_req.len <= 16'd128))
      else $error("pcie_write: write of %0d bytes to %h is not aligned", in_req.len, in_req.addr);
    end
  end
  // The stream's tlast says what the length says.
  logic        chk_first_q;
  logic [15:0] chk_left_q, chk_left;
  assign chk_left = chk_first_q ? s_axis_tuser.len : chk_left_q;
  always_ff @(posedge clk) begin
    if (rst) chk_first_q <= 1'b1;
    else if (s_axis_tvalid && s_axis_tready) begin
      chk_first_q <= s_axis_tlast;
      chk_left_q  <= chk_left - 16'd64;
      a_last : assert (s_axis_tlast == (chk_left <= 16'd64)) else $error("pcie_write: tlast and len differ");
    end
  end
`endif

endmodule

`default_nettype wire
