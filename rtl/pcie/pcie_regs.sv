// SPDX-License-Identifier: Apache-2.0
// Host accesses to BAR 0: requests from the PCIe block (CQ) become accesses of the register bus, and their results completions (CC).
//   memory read, 1 or 2 dwords     one register read a dword, low one first; completion with data. A dword without a byte enable is not
//                                  read and comes as 0, so a zero-length read (a flush) touches no register.
//   memory write, 1 or 2 dwords    one register write a dword that has byte enables
//   longer memory read             Completer Abort, counted
//   longer or damaged write        dropped, counted
//   any other non-posted request,  Unsupported Request, counted (I/O, atomics, locked read, configuration)
//   or one to another BAR
//   messages, broken descriptors   dropped, counted
// A register that answers with an error reads as 0 in a successful completion; the register block counts it. Each non-posted request
// gets exactly one completion, a posted one none. A packet is taken to its end before anything is done with it, so one that is cut short
// or is too long harms nothing but itself. A request that follows one with an error is answered after it (order of the bus).
// A completion waits until the writes to host memory that came before it cannot be passed any more (pcie_order): what a register tells has
// happened in memory, too.
// One request at a time: a read takes 9 cycles and the time of its register accesses. Source: PCI Express Base 2.2, 2.3; PG213.
`default_nettype none

module pcie_regs import espalier_pkg::*, pcie_pkg::*; (
    input  logic         clk,
    input  logic         rst,
    // completer requests
    input  logic         s_axis_cq_tvalid,
    output logic         s_axis_cq_tready,
    input  logic [511:0] s_axis_cq_tdata,
    input  logic [15:0]  s_axis_cq_tkeep,
    input  logic [182:0] s_axis_cq_tuser,
    input  logic         s_axis_cq_tlast,
    // completer completions
    output logic         m_axis_cc_tvalid,
    input  logic         m_axis_cc_tready,
    output logic [511:0] m_axis_cc_tdata,
    output logic [15:0]  m_axis_cc_tkeep,
    output logic [80:0]  m_axis_cc_tuser,
    output logic         m_axis_cc_tlast,
    // register bus
    output reg_req_t     reg_req,
    input  reg_rsp_t     reg_rsp,
    output logic         idle,           // no request in work
    // one cycle for each request that was not served
    output logic         access_error,
    // a fence: asked for one cycle, then waited for
    output logic         fence_ask,
    input  logic         fence_done
);

  typedef enum logic [3:0] {
    ST_TAKE,     // waits for a request, and takes it to its last beat
    ST_DECIDE,
    ST_LOW,      // starts the access of the first dword, or skips it
    ST_LOW_WAIT,
    ST_HIGH,     // the second dword
    ST_HIGH_WAIT,
    ST_FENCE,    // asks for the fence
    ST_ANSWER,   // waits for it and builds the completion
    ST_SEND
  } state_e;

  state_e      state_q;
  logic        first_q;     // the next beat is a packet's first
  cq_desc_t    desc_q;
  logic [3:0]  first_be_q, last_be_q;
  logic [63:0] data_q;      // written, or read
  logic        damaged_q;   // cut short, too long, or discontinued
  logic        runt_q;      // cut short within the descriptor: what it says means nothing
  logic [2:0]  cpl_q;       // status of the completion

  cq_desc_t cq_desc;
  cq_user_t cq_user;
  assign cq_desc = s_axis_cq_tdata[127:0];
  assign cq_user = s_axis_cq_tuser;
  assign s_axis_cq_tready = (state_q == ST_TAKE);

  // ---- what kind of request ------------------------------------------------------------------------------------------
  logic is_read, is_write, is_message, is_locked, single, two, short_req, here;
  assign is_read    = (desc_q.req_type == REQ_MEM_READ);
  assign is_write   = (desc_q.req_type == REQ_MEM_WRITE);
  assign is_locked  = (desc_q.req_type == REQ_LOCKED_READ);
  assign is_message = (desc_q.req_type[3:2] == REQ_MSG_FIRST[3:2]);
  assign single     = (desc_q.dword_count == 11'd1);
  assign two        = (desc_q.dword_count == 11'd2);
  assign short_req  = single || two;
  assign here       = (desc_q.bar_id == 3'd0) && (desc_q.function_id == 8'd0);

  // Dwords that the one beat of a short write must have.
  logic [15:0] write_keep;
  assign write_keep = (cq_desc.dword_count == 11'd2) ? 16'h003f : 16'h001f;

  // ---- byte count and lower address of a completion (PCI Express Base, table 2-38) --------------------------------------
  logic [1:0]  low_byte;   // first enabled byte
  logic [2:0]  tail_skip;  // bytes after the last enabled one
  logic [12:0] byte_count;
  logic [3:0]  end_be;
  always_comb begin
    if (first_be_q[0] || first_be_q == 4'd0) low_byte = 2'd0;
    else if (first_be_q[1]) low_byte = 2'd1;
    else if (first_be_q[2]) low_byte = 2'd2;
    else low_byte = 2'd3;

    end_be = single ? first_be_q : last_be_q;
    if (end_be[3]) tail_skip = 3'd0;
    else if (end_be[2]) tail_skip = 3'd1;
    else if (end_be[1]) tail_skip = 3'd2;
    else if (end_be[0] || single) tail_skip = 3'd3;  // no byte enabled in one dword: a zero-length read, which counts 1
    else tail_skip = 3'd4;

    if (!is_read && !is_locked) byte_count = 13'd4;
    else byte_count = {desc_q.dword_count, 2'b00} - 13'(low_byte) - 13'(tail_skip);
  end

  // A completion without success carries the request's byte enables and descriptor instead of data, for the block's error log (PG213
  // "Completions with Error Status"): 8 dwords in all, none of which goes to the link.
  logic has_data;
  assign has_data = (cpl_q == CPL_SC);

  cc_desc_t cc_desc;
  cc_user_t cc_user;
  always_comb begin
    cc_desc               = '0;
    cc_desc.attr          = desc_q.attr;
    cc_desc.tc            = desc_q.tc;
    cc_desc.completer_id  = {8'd0, desc_q.function_id};
    cc_desc.tag           = desc_q.tag;
    cc_desc.requester_id  = desc_q.requester_id;
    cc_desc.status        = cpl_q;
    cc_desc.dword_count   = has_data ? desc_q.dword_count : 11'd0;
    cc_desc.locked        = is_locked;
    cc_desc.byte_count    = byte_count;
    cc_desc.at            = 2'b00;
    cc_desc.lower_address = is_read ? {desc_q.address[4:0], low_byte} : 7'd0;

    cc_user             = '0;
    cc_user.is_sop      = 2'b01;
    cc_user.is_eop      = 2'b01;
    cc_user.is_eop0_ptr = !has_data ? 4'd7 : two ? 4'd4 : 4'd3;
  end

  // ---- the register access of the state --------------------------------------------------------------------------------
  logic       high;
  logic [3:0] strb;
  assign high = (state_q == ST_HIGH);
  assign strb = high ? last_be_q : first_be_q;

  always_ff @(posedge clk) begin
    // What is written may be a key: it stands nowhere longer than the access lasts.
    reg_req.valid <= 1'b0;
    reg_req.data  <= '0;
    access_error  <= 1'b0;
    if (state_q == ST_TAKE) data_q <= '0;
    unique case (state_q)
      ST_TAKE: begin
        if (s_axis_cq_tvalid) begin
          first_q   <= s_axis_cq_tlast;
          damaged_q <= !first_q || !s_axis_cq_tlast || cq_user.discontinue || s_axis_cq_tkeep != write_keep;
          if (first_q) begin
            runt_q     <= (s_axis_cq_tkeep[3:0] != 4'hf);
            desc_q     <= cq_desc;
            first_be_q <= cq_user.first_be[3:0];
            last_be_q  <= cq_user.last_be[3:0];
            data_q     <= s_axis_cq_tdata[191:128];
          end
          if (s_axis_cq_tlast) state_q <= ST_DECIDE;
        end
      end

      ST_DECIDE: begin
        cpl_q <= CPL_SC;
        if (is_read && here && short_req && !runt_q) begin
          data_q  <= '0;
          state_q <= ST_LOW;
        end else if (is_write && here && short_req && !damaged_q) begin
          state_q <= ST_LOW;
        end else begin
          access_error <= 1'b1;
          cpl_q        <= (is_read && here) ? CPL_CA : CPL_UR;
          state_q      <= (is_write || is_message || runt_q) ? ST_TAKE : ST_FENCE;
        end
      end

      ST_LOW, ST_HIGH: begin
        reg_req.valid <= (strb != 4'd0);
        reg_req.write <= is_write;
        reg_req.addr  <= {desc_q.address[13:0] + 14'(high), 2'b00};
        reg_req.data  <= high ? data_q[63:32] : data_q[31:0];
        reg_req.strb  <= strb;
        if (strb != 4'd0) state_q <= high ? ST_HIGH_WAIT : ST_LOW_WAIT;
        else if (!high && two) state_q <= ST_HIGH;
        else state_q <= is_write ? ST_TAKE : ST_FENCE;
      end

      ST_LOW_WAIT: begin
        if (reg_rsp.valid) begin
          if (is_read) data_q[31:0] <= reg_rsp.data;
          if (two) state_q <= ST_HIGH;
          else state_q <= is_write ? ST_TAKE : ST_FENCE;
        end
      end

      ST_HIGH_WAIT: begin
        if (reg_rsp.valid) begin
          if (is_read) data_q[63:32] <= reg_rsp.data;
          state_q <= is_write ? ST_TAKE : ST_FENCE;
        end
      end

      ST_FENCE: state_q <= ST_ANSWER;

      ST_ANSWER: begin
        m_axis_cc_tvalid <= fence_done;
        m_axis_cc_tdata  <= has_data ? {352'd0, data_q, cc_desc} : {256'd0, desc_q, 24'd0, last_be_q, first_be_q, cc_desc};
        m_axis_cc_tkeep  <= !has_data ? 16'h00ff : two ? 16'h001f : 16'h000f;
        m_axis_cc_tuser  <= cc_user;
        if (fence_done) state_q <= ST_SEND;
      end

      ST_SEND: begin
        if (m_axis_cc_tready) begin
          m_axis_cc_tvalid <= 1'b0;
          state_q          <= ST_TAKE;
        end
      end

      default: state_q <= ST_TAKE;
    endcase
    if (rst) begin
      state_q          <= ST_TAKE;
      first_q          <= 1'b1;
      m_axis_cc_tvalid <= 1'b0;
      reg_req.valid    <= 1'b0;
      access_error     <= 1'b0;
    end
  end

  assign m_axis_cc_tlast = 1'b1;
  assign idle            = (state_q == ST_TAKE) && first_q && !s_axis_cq_tvalid;
  assign fence_ask       = (state_q == ST_FENCE);

  // What the register access needs no bit of.

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst) begin
      a_answer : assert (!reg_rsp.valid || state_q == ST_LOW_WAIT || state_q == ST_HIGH_WAIT)
      else $error("pcie_regs: register answer without an access");
    end
  end
`endif

endmodule

`default_nettype wire
