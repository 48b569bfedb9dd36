// SPDX-License-Identifier: Apache-2.0
// proof pcie_read_split: bmc 10
// The requests of a read ask for its bytes, each once, in order, and for no other; none is longer than MRRS or crosses its boundary.
`default_nettype none

module p_pcie_read_split (
    input logic                  clk,
    input logic                  rst,
    input logic                  stop,
    input logic [2:0]            mrrs,
    input logic                  rd_req_valid,
    input espalier_pkg::rd_req_t rd_req,
    input logic                  slot_valid,
    input logic [1:0]            slot_index,
    input logic                  tag_valid,
    input logic [1:0]            tag_index,
    input logic                  fits,
    input logic                  mrd_ready
);
  logic                rd_req_ready, slot_take, mrd_valid, issue_valid, abort_valid, abort_none;
  pcie_pkg::mrd_t      mrd;
  pcie_pkg::rd_issue_t issue;
  logic [1:0]          abort_slot;
  logic [6:0]          need_64, need_128;
  logic [2:0]          cfg_max_read_req;
  logic [4:0]          quiet_q;  // MRRS is set long before the first read

  p_reset u_reset (.*);
  pcie_read_split #(.READS(4), .TAGS(4)) u_dut (.*, .failed('0), .abort_ready(1'b1));

  logic [63:0] from_q;   // the next byte that is to be asked for
  logic [15:0] left_q;
  logic [12:0] size;
  logic [63:0] first, last, boundary;
  logic        sent, finish_q, wait_q;
  logic [1:0]  tag_q;
  pcie_pkg::mrd_t held_q;
  always_comb begin
    m_once : assume (rst == !u_reset.begun_q);
    m_mrrs : assume (mrrs <= 3'd5 && (quiet_q == '0 || mrrs == cfg_max_read_req));
    m_quiet : assume (quiet_q >= 5'd3 || !rd_req_valid);
    m_len : assume (!rd_req_valid || rd_req.len != '0);
    m_one : assume (!rd_req_valid || (!u_dut.out_valid_q && !mrd_valid));  // a read comes when the one before has left: easier to follow
    m_top : assume (!rd_req_valid || {1'b0, rd_req.addr} + 65'(rd_req.len) <= {1'b1, 64'd0});
  end
  // First and last byte of the request, by its byte enables.
  function automatic logic [1:0] low(input logic [3:0] be);
    low = be[0] ? 2'd0 : be[1] ? 2'd1 : be[2] ? 2'd2 : 2'd3;
  endfunction
  function automatic logic [1:0] high(input logic [3:0] be);
    high = be[3] ? 2'd3 : be[2] ? 2'd2 : be[1] ? 2'd1 : 2'd0;
  endfunction
  assign first    = {mrd.address, low(mrd.first_be)};
  assign last     = {mrd.address + 62'(mrd.dword_count) - 62'd1, high((mrd.dword_count == 11'd1) ? mrd.first_be : mrd.last_be)};
  assign size     = 13'd128 << cfg_max_read_req;
  assign boundary = ~(64'(size) - 64'd1);
  assign sent     = mrd_valid && mrd_ready;

  always_ff @(posedge clk) begin
    cfg_max_read_req <= mrrs;
    quiet_q          <= rst ? '0 : (quiet_q == '1) ? quiet_q : quiet_q + 5'd1;
    if (rd_req_valid && rd_req_ready) begin
      from_q <= rd_req.addr;
      left_q <= rd_req.len;
    end else if (sent) begin
      from_q <= last + 64'd1;
      left_q <= left_q - 16'(last - first + 64'd1);
    end
    wait_q <= !rst && mrd_valid && !mrd_ready;
    held_q <= mrd;
    if (issue_valid) begin
      finish_q <= issue.finish;
      tag_q    <= tag_index;
    end
    if (!rst && issue_valid) a_issue : assert (tag_valid && fits && issue.tag == 8'(tag_index));
    if (!rst && wait_q) a_stable : assert (mrd_valid && mrd == held_q);
    if (!rst && sent) begin
      a_first : assert (first == from_q);
      a_within : assert (last - first + 64'd1 <= 64'(left_q));
      a_finish : assert (finish_q == (last - first + 64'd1 == 64'(left_q)));
      a_boundary : assert ((first & boundary) == (last & boundary));
      a_single : assert (mrd.dword_count != 11'd1 || mrd.last_be == '0);
      a_tag : assert (mrd.tag == 8'(tag_q));
    end
  end
endmodule

`default_nettype wire
