// SPDX-License-Identifier: Apache-2.0
// Host memory writes: cuts each write (wr_req_t and its beats) into memory write TLPs of at most MPS bytes that end on MPS boundaries, so
// that none crosses 4 KiB, and shifts the payload behind the 16-byte descriptor:
//
//   in     | b0: 0 .. 47 | 48 .. 63 |   | b1: 0 .. 47 | 48 .. 63 |
//   out    | descriptor, b0: 0 .. 47 |  | b0: 48 .. 63, b1: 0 .. 47 |  | b1: 48 .. 63 |
//
// A TLP of L bytes takes ceil((16 + L) / 64) beats out; in between one beat a cycle goes in and out. Latency 3 cycles. TLPs leave in the
// order of the writes. Alignment: see wr_req_t; a write's first byte is in lane 0 and at a dword boundary, so only the last dword of a
// TLP can be partial. Source: PCI Express Base 2.2.7, 2.2.2; PG213 "Requester Request Interface Operation (512 bits)".
`default_nettype none

module pcie_write (
    input  logic                    clk,
    input  logic                    rst,
    input  logic [1:0]              cfg_max_payload,  // 128 << code bytes
    input  logic                    s_axis_tvalid,
    output logic                    s_axis_tready,
    input  logic [511:0]            s_axis_tdata,
    input  logic                    s_axis_tlast,
    input  espalier_pkg::wr_req_t   s_axis_tuser,
    // TLPs as on RQ
    output logic                    m_axis_tvalid,
    input  logic                    m_axis_tready,
    output logic [511:0]            m_axis_tdata,
    output logic [15:0]             m_axis_tkeep,
    output logic [136:0]            m_axis_tuser,
    output logic                    m_axis_tlast
);

  localparam int unsigned REQ_W = 64 + 16;  // bits of wr_req_t

  logic                  in_valid, in_ready;
  logic [511:0]          in_data;
  espalier_pkg::wr_req_t in_req;
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
  assign mps       = pcie_pkg::size_bytes({1'b0, cfg_max_payload});
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
  logic         flush_q;          // the TLP's last 1 to 16 bytes, in carry_q, are still to leave
  logic [127:0] carry_q;          // the last 16 bytes of the beat before
  logic [2:0]   flush_dwords_q;
  logic         out_ready;
  assign s1_ready = out_ready && !flush_q;

  logic [3:0] tail_be, head_be;
  logic [4:0] beat_dwords;        // of the payload in this input beat
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
  end

  pcie_pkg::rq_desc_t desc;
  always_comb begin
    desc             = '0;
    desc.req_type    = pcie_pkg::REQ_MEM_WRITE;
    desc.dword_count = 11'((s1_size_q + 13'd3) >> 2);
    desc.address     = s1_addr_q;
  end

  logic              out_valid_q, out_last_q;
  logic [511:0]      out_data_q;
  logic [15:0]       out_keep_q;
  logic [7:0]        out_be_q;    // last, first
  logic              out_first_q;
  logic              ends;        // the TLP ends with this output beat
  logic [4:0]        dwords;      // in this output beat
  assign out_ready = !out_valid_q || m_axis_tready;
  assign ends      = flush_q || (s1_last_q && beat_dwords <= 5'd12);
  assign dwords    = flush_q ? 5'(flush_dwords_q) : ends ? beat_dwords + 5'd4 : 5'd16;

  always_ff @(posedge clk) begin
    if (out_ready) begin
      out_valid_q <= flush_q || s1_valid_q;
      flush_q     <= 1'b0;
      if (flush_q || s1_valid_q) begin
        out_last_q  <= ends;
        out_first_q <= !flush_q && s1_first_q;
        out_keep_q  <= 16'hffff >> (5'd16 - dwords);
        out_be_q    <= {(s1_size_q <= 13'd4) ? 4'd0 : tail_be, head_be};
        out_data_q  <= {flush_q ? 384'd0 : s1_data_q[383:0], (!flush_q && s1_first_q) ? desc : carry_q};
      end
      if (!flush_q && s1_valid_q) begin
        carry_q        <= s1_data_q[511:384];
        flush_q        <= s1_last_q && !ends;
        flush_dwords_q <= 3'(beat_dwords - 5'd12);
      end
    end
    if (rst) begin
      out_valid_q <= 1'b0;
      flush_q     <= 1'b0;
    end
  end

  pcie_pkg::rq_user_t user;
  always_comb begin
    user             = '0;
    user.is_sop      = {1'b0, out_first_q};
    user.is_eop      = {1'b0, out_last_q};
    user.is_eop0_ptr = out_last_q ? last_dword(out_keep_q) : 4'd0;
    user.first_be    = out_first_q ? {4'd0, out_be_q[3:0]} : 8'd0;
    user.last_be     = out_first_q ? {4'd0, out_be_q[7:4]} : 8'd0;
  end

  // Number of the highest dword that keep has.
  function automatic logic [3:0] last_dword(input logic [15:0] keep);
    last_dword = 4'd0;
    for (int i = 0; i < 16; i++) if (keep[i]) last_dword = 4'(i);
  endfunction

  assign m_axis_tvalid = out_valid_q;
  assign m_axis_tdata  = out_data_q;
  assign m_axis_tkeep  = out_keep_q;
  assign m_axis_tuser  = user;
  assign m_axis_tlast  = out_last_q;

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
