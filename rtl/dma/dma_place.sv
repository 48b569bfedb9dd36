// SPDX-License-Identifier: Apache-2.0
// Brings each beat of a read's answer to its place: finds the row where its job's packet (or its slot's descriptors) begins, rotates the bytes
// to their lanes and tells the buffers which bytes of which two rows to write. The end of a read is told together with its last bytes.
//
//   offset 100 in the read, start lane 12:  byte at lane 12 belongs to lane 100 % 64 = 36 of row base + 1: rotate up by 24
//
// Never stalls: every read has its rows before it is asked for. Latency 3 cycles from the beat to the write; one beat a cycle.
`default_nettype none

module dma_place import espalier_pkg::*, dma_pkg::*; #(
    parameter int unsigned ROW_W = 10  // bits of a packet buffer row
) (
    input  logic             clk,
    input  logic             rst,
    // where a packet goes; written when its read is asked for
    input  logic             base_valid,
    input  logic [JOB_W-1:0] base_job,
    input  logic [ROW_W-1:0] base_row,
    // answers
    input  logic             rd_rsp_valid,
    output logic             rd_rsp_ready,
    input  rd_rsp_t          rd_rsp,
    // one write, to one of the three buffers
    output logic             wr_desc,
    output logic             wr_encap,
    output logic             wr_decap,
    output logic [ROW_W-1:0] wr_row,
    output logic [63:0]      wr_low,
    output logic [63:0]      wr_high,
    output logic [511:0]     wr_data,
    // with the last write of a read
    output logic             done_desc,
    output logic             done_encap,
    output logic             done_decap,
    output logic [JOB_W-1:0] done_id,     // job, or slot in the low bits
    output logic [7:0]       done_status
);

  localparam int unsigned OFFSET_ROW_W = 10;  // rows within a read: the offset has 16 bits

  logic [ROW_W-1:0] base_mem[0:JOBS-1];
  always_ff @(posedge clk) begin
    if (base_valid) base_mem[base_job] <= base_row;
  end

  assign rd_rsp_ready = 1'b1;

  // Rotate up by n bytes: the byte at lane i goes to lane (i + n) % 64.
  function automatic logic [511:0] rotate(input logic [511:0] d, input logic [5:0] n);
    logic [511:0] a, b;
    case (n[5:4])
      2'd0: a = d;
      2'd1: a = {d[383:0], d[511:384]};
      2'd2: a = {d[255:0], d[511:256]};
      default: a = {d[127:0], d[511:128]};
    endcase
    case (n[3:2])
      2'd0: b = a;
      2'd1: b = {a[479:0], a[511:480]};
      2'd2: b = {a[447:0], a[511:448]};
      default: b = {a[415:0], a[511:416]};
    endcase
    case (n[1:0])
      2'd0: rotate = b;
      2'd1: rotate = {b[503:0], b[511:504]};
      2'd2: rotate = {b[495:0], b[511:496]};
      default: rotate = {b[487:0], b[511:488]};
    endcase
  endfunction

  // ---- stage 1: the beat -----------------------------------------------------------------------------------------------
  logic             v1_q;
  rd_rsp_t          r1_q;
  logic [ROW_W-1:0] base1;
  logic             desc1;

  always_ff @(posedge clk) begin
    if (rst) v1_q <= 1'b0;
    else v1_q <= rd_rsp_valid;
    if (rd_rsp_valid) r1_q <= rd_rsp;
  end
  assign desc1 = r1_q.ctx[CTX_DESC];
  assign base1 = desc1 ? ROW_W'({r1_q.ctx[SLOT_W-1:0], 2'd0}) : base_mem[r1_q.ctx[JOB_W-1:0]];

  // ---- stage 2: row, rotation and byte count --------------------------------------------------------------------------------
  logic                  v2_q, desc2_q, decap2_q, done2_q;
  logic [ROW_W-1:0]      row2_q;
  logic [5:0]            lane2_q, turn2_q;
  logic [6:0]            count2_q;
  logic [JOB_W-1:0]      id2_q;
  logic [7:0]            status2_q;
  logic [511:0]          data2_q;

  always_ff @(posedge clk) begin
    if (rst) v2_q <= 1'b0;
    else v2_q <= v1_q;
    if (v1_q) begin
      desc2_q   <= desc1;
      decap2_q  <= r1_q.ctx[CTX_DECAP];
      done2_q   <= r1_q.done;
      row2_q    <= base1 + ROW_W'(r1_q.offset[6+:OFFSET_ROW_W]);
      lane2_q   <= r1_q.offset[5:0];
      turn2_q   <= r1_q.offset[5:0] - r1_q.start;
      count2_q  <= r1_q.count;
      id2_q     <= r1_q.ctx[JOB_W-1:0];
      status2_q <= r1_q.status;
      data2_q   <= r1_q.data;
    end
  end

  // ---- stage 3: bytes in their lanes ------------------------------------------------------------------------------------------
  logic             desc3_q, encap3_q, decap3_q, done3_q;
  logic [ROW_W-1:0] row3_q;
  logic [127:0]     mask3_q;
  logic [JOB_W-1:0] id3_q;
  logic [7:0]       status3_q;
  logic [511:0]     data3_q;

  always_ff @(posedge clk) begin
    if (rst) begin
      desc3_q  <= 1'b0;
      encap3_q <= 1'b0;
      decap3_q <= 1'b0;
    end else begin
      desc3_q  <= v2_q && desc2_q;
      encap3_q <= v2_q && !desc2_q && !decap2_q;
      decap3_q <= v2_q && !desc2_q && decap2_q;
    end
    if (v2_q) begin
      row3_q    <= row2_q;
      mask3_q   <= {64'd0, ~(64'hFFFF_FFFF_FFFF_FFFF << count2_q)} << lane2_q;
      data3_q   <= rotate(data2_q, turn2_q);
      done3_q   <= done2_q;
      id3_q     <= id2_q;
      status3_q <= status2_q;
    end
  end

  assign wr_desc     = desc3_q;
  assign wr_encap    = encap3_q;
  assign wr_decap    = decap3_q;
  assign wr_row      = row3_q;
  assign wr_low      = mask3_q[63:0];
  assign wr_high     = mask3_q[127:64];
  assign wr_data     = data3_q;
  assign done_desc   = desc3_q && done3_q;
  assign done_encap  = encap3_q && done3_q;
  assign done_decap  = decap3_q && done3_q;
  assign done_id     = id3_q;
  assign done_status = status3_q;

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst && rd_rsp_valid) a_lanes : assert (8'(rd_rsp.start) + 8'(rd_rsp.count) <= 8'd64) else $error("dma_place: a beat of more than 64 lanes");
  end
`endif

endmodule

`default_nettype wire
