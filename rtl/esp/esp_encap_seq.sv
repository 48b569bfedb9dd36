// SPDX-License-Identifier: Apache-2.0
// Outbound sequence numbers: a RAM with the last number sent of every SA, read, incremented and written back for each packet
// (RFC 4303, 3.3.3; extended numbers 2.2.1). A number is consumed only if `send` says so in the cycle in which it is decided.
//   cycle   0         2                  3                              4
//           look_*    word from the RAM  cur (next = cur + 1) on seq,   write back
//                     or a newer one     send decides
// Packets may follow each other every 2 cycles, also of the same SA: a word that is still on its way to the RAM is forwarded.
// sa_manager's requests use the cycles that packets leave free; a read takes the same way as a packet, so it sees what is on its way, too.
// A read of the word that is being written gives anything: it is one of those that are forwarded. The parity of what comes from the memory
// is checked; a packet whose number is wrong gets none, and nothing is written.
`default_nettype none

module esp_encap_seq import espalier_pkg::*, sa_pkg::*; #(
    parameter int unsigned SA_ENTRIES = 4096  // SAs; a power of two
) (
    input  logic            clk,
    input  logic            rst,
    input  logic            look_valid,  // never in two cycles in a row
    input  logic [SA_W-1:0] look_sa,
    output logic [63:0]     seq,         // cycle 3: the packet's number
    output logic            bad,         // cycle 3: the stored number fails its parity; `send` must be 0
    output logic            used_up_32,  // cycle 3: the last number sent was 2^32-1 in its low half
    output logic            used_up_64,  // cycle 3: it was 2^64-1
    input  logic            send,        // cycle 3: the number is consumed
    input  seq_req_t        seq_req,
    output seq_rsp_t        seq_rsp
);

  localparam int unsigned ADDR_W = $clog2(SA_ENTRIES);

  logic              ram_we, ram_re, mgr_write, mgr_read;
  logic [ADDR_W-1:0] ram_waddr, ram_raddr;

  // ---- where a packet is: q[i] is valid in cycle i ---------------------------------------------------------------------------
  logic              valid1_q, valid2_q, valid3_q;
  logic [ADDR_W-1:0] sa1_q, sa2_q, sa3_q;
  always_ff @(posedge clk) begin
    valid1_q <= look_valid && !rst;
    valid2_q <= valid1_q && !rst;
    valid3_q <= valid2_q && !rst;
    if (ram_re) sa1_q <= ram_raddr;
    sa2_q <= sa1_q;
    if (valid2_q) sa3_q <= sa2_q;
  end

  // ---- RAM -----------------------------------------------------------------------------------------------------------------------
  logic [63:0]       ram_wdata, ram_rdata;
  logic [3:0]        ram_rparity;
  logic              wr4_q, wr5_q, wr6_q;  // writes on their way, in the cycle after they are presented and the two behind
  logic [ADDR_W-1:0] wsa4_q, wsa5_q, wsa6_q;
  logic [63:0]       wseq4_q, wseq5_q, wseq6_q;

  assign mgr_write = seq_req.valid && seq_req.write && !wr4_q;
  assign mgr_read  = seq_req.valid && !seq_req.write && !look_valid;
  assign ram_we    = wr4_q || mgr_write;
  assign ram_waddr = wr4_q ? wsa4_q : seq_req.sa[ADDR_W-1:0];
  assign ram_wdata = wr4_q ? wseq4_q : seq_req.seq;
  assign ram_re    = look_valid || mgr_read;
  assign ram_raddr = look_valid ? look_sa[ADDR_W-1:0] : seq_req.sa[ADDR_W-1:0];

  ram_sdp #(
      .WIDTH(68),
      .DEPTH(SA_ENTRIES),
      .READ_LATENCY(2),
      .OLD_WORD(1'b0),
      .STYLE(SA_ENTRIES >= 4096 ? "ultra" : "block")
  ) u_ram (
      .clk,
      .wr_en(ram_we),
      .wr_addr(ram_waddr),
      .wr_strb(1'b1),
      .wr_data({4'(parity(192'(ram_wdata))), ram_wdata}),
      .rd_en(ram_re),
      .rd_addr(ram_raddr),
      .rd_data({ram_rparity, ram_rdata})
  );

  // ---- cycle 2: the newest word. A read misses the writes that come to the RAM in its own cycle and the two after it --------------
  logic [63:0] cur2, cur3_q, next3;
  logic        late2, bad2, bad3_q;  // late2: the word is one on its way
  logic        end32_3_q, end64_3_q;
  assign late2 = (wr6_q && wsa6_q == sa2_q) || (wr5_q && wsa5_q == sa2_q) || (wr4_q && wsa4_q == sa2_q);
  assign bad2  = !late2 && 4'(parity(192'(ram_rdata))) != ram_rparity;
  always_comb begin
    cur2 = ram_rdata;
    if (wr6_q && wsa6_q == sa2_q) cur2 = wseq6_q;
    if (wr5_q && wsa5_q == sa2_q) cur2 = wseq5_q;
    if (wr4_q && wsa4_q == sa2_q) cur2 = wseq4_q;
  end
  always_ff @(posedge clk) begin
    if (valid2_q) begin
      cur3_q    <= cur2;
      bad3_q    <= bad2;
      end32_3_q <= &cur2[31:0];
      end64_3_q <= &cur2;
    end
  end

  // ---- cycle 3 ----------------------------------------------------------------------------------------------------------------------
  assign next3      = cur3_q + 64'd1;
  assign seq        = next3;
  assign used_up_32 = end32_3_q;
  assign used_up_64 = end64_3_q;
  assign bad        = bad3_q;
  always_ff @(posedge clk) begin
    wr4_q <= valid3_q && send && !rst;
    wr5_q <= wr4_q && !rst;
    wr6_q <= wr5_q && !rst;
    if (valid3_q) begin
      wsa4_q  <= sa3_q;
      wseq4_q <= next3;
    end
    if (wr4_q) begin
      wsa5_q  <= wsa4_q;
      wseq5_q <= wseq4_q;
    end
    if (wr5_q) begin
      wsa6_q  <= wsa5_q;
      wseq6_q <= wseq5_q;
    end
  end

  // ---- sa_manager's reads --------------------------------------------------------------------------------------------------------------
  logic read1_q, read2_q;
  always_ff @(posedge clk) begin
    read1_q <= mgr_read && !rst;
    read2_q <= read1_q && !rst;
  end
  assign seq_rsp.ready = seq_req.write ? !wr4_q : !look_valid;
  assign seq_rsp.valid = read2_q;
  assign seq_rsp.bad   = bad2;
  assign seq_rsp.seq   = cur2;

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst) begin
      a_good : assert (!(valid3_q && send && bad3_q)) else $error("esp_encap_seq: a number that fails its parity is used");
      a_spacing : assert (!(look_valid && valid1_q)) else $error("esp_encap_seq: two lookups in a row");
    end
  end
`endif

endmodule

`default_nettype wire
