// SPDX-License-Identifier: Apache-2.0
// MSI-X: the table and the pending bits (register bus, 0x8000 and up), and the messages. An interrupt makes its vector pending; a vector
// that is pending while MSI-X is on and neither it nor the function is masked sends one 4-byte write, and its pending bit falls. So
// interrupts of a masked vector, or of one whose message is still waiting, become one message. The write enters the write path behind all
// writes that were accepted before the interrupt, and so reaches memory after them. While stop is set (no bus master) interrupts are lost, those pending, too. Vectors beyond the table are ignored.
// Latency: 3 cycles from irq to the write; a message every 3 cycles. Source: PCI Express Base 4.0, 6.1.4 and 7.7.2.
`default_nettype none

module msix import espalier_regs_pkg::*, espalier_pkg::*; #(
    parameter int unsigned VECTORS = 32'(REG_MSIX_COUNT_MAX)  // 1 to 32
) (
    input  logic         clk,
    input  logic         rst,
    input  logic         stop,
    input  logic         cfg_msix_enable,
    input  logic         cfg_msix_mask,   // the whole function
    input  reg_req_t     reg_req,
    output reg_rsp_t     reg_rsp,
    input  logic         irq_valid,       // one cycle an interrupt
    input  logic [7:0]   irq_vector,
    output logic         m_axis_tvalid,
    input  logic         m_axis_tready,
    output logic [511:0] m_axis_tdata,
    output logic         m_axis_tlast,
    output wr_req_t      m_axis_tuser
);

  localparam int unsigned VECTOR_W = (VECTORS > 1) ? $clog2(VECTORS) : 1;
  localparam int unsigned STRIDE   = 32'(REG_MSIX_STRIDE);

  logic [61:0]        table_addr[0:VECTORS-1];  // dword address
  logic [31:0]        table_data[0:VECTORS-1];
  logic [VECTORS-1:0] mask_q, pending_q;

  // ---- registers ---------------------------------------------------------------------------------------------------------
  logic                in_table, in_pba;
  logic [14:0]         offset;
  logic [VECTOR_W-1:0] entry;
  logic [31:0]         strb_mask;
  logic                wr;
  assign offset    = reg_req.addr[14:0];
  assign in_table  = (offset < 15'(VECTORS * STRIDE));
  assign in_pba    = (reg_req.addr[15:3] == REG_MSIX_PBA[15:3]);  // a quadword; vectors above 31 there are none
  assign entry     = reg_req.addr[4+:VECTOR_W];
  assign strb_mask = {{8{reg_req.strb[3]}}, {8{reg_req.strb[2]}}, {8{reg_req.strb[1]}}, {8{reg_req.strb[0]}}};
  assign wr        = reg_req.valid && reg_req.write && in_table;

  logic [31:0] old, merged;
  always_comb begin
    unique case (reg_req.addr[3:2])
      2'd0:    old = {table_addr[entry][29:0], 2'b00};
      2'd1:    old = table_addr[entry][61:30];
      2'd2:    old = table_data[entry];
      default: old = {31'd0, mask_q[entry]};
    endcase
    merged = (old & ~strb_mask) | (reg_req.data & strb_mask);
  end

  always_ff @(posedge clk) begin
    reg_rsp.valid <= reg_req.valid && !rst;
    reg_rsp.error <= !(in_table || (in_pba && !reg_req.write));
    reg_rsp.data  <= reg_req.write ? '0 : in_table ? old : (in_pba && !reg_req.addr[2]) ? 32'(pending_q) : '0;
    if (wr && reg_req.addr[3:2] == 2'd0) table_addr[entry][29:0] <= merged[31:2];
    if (wr && reg_req.addr[3:2] == 2'd1) table_addr[entry][61:30] <= merged;
    if (wr && reg_req.addr[3:2] == 2'd2) table_data[entry] <= merged;
    if (rst) begin
      for (int unsigned i = 0; i < VECTORS; i++) begin
        table_addr[i] <= '0;
        table_data[i] <= '0;
      end
    end
  end

  // ---- pending bits and messages ----------------------------------------------------------------------------------------------
  logic [VECTORS-1:0]  raised, due;
  logic                send;
  logic [VECTOR_W-1:0] chosen, last_q;
  always_comb begin
    raised = '0;
    for (int unsigned i = 0; i < VECTORS; i++) raised[i] = irq_valid && irq_vector == 8'(i);
    due    = (cfg_msix_enable && !cfg_msix_mask) ? pending_q & ~mask_q : '0;
    // The lowest due vector after the last one sent, else the lowest: none starves another.
    chosen = '0;
    for (int unsigned i = VECTORS; i > 0; i--) if (due[i-1]) chosen = VECTOR_W'(i - 1);
    for (int unsigned i = VECTORS; i > 0; i--) if (due[i-1] && VECTOR_W'(i - 1) > last_q) chosen = VECTOR_W'(i - 1);
  end
  assign send = (due != '0) && !m_axis_tvalid && !stop;

  always_ff @(posedge clk) begin
    for (int unsigned i = 0; i < VECTORS; i++) begin
      if (send && chosen == VECTOR_W'(i)) pending_q[i] <= raised[i];
      else if (raised[i]) pending_q[i] <= 1'b1;
    end
    if (wr && reg_req.addr[3:2] == 2'd3) mask_q[entry] <= merged[0];
    if (m_axis_tready) m_axis_tvalid <= 1'b0;
    if (send) begin
      m_axis_tvalid     <= 1'b1;
      m_axis_tuser.addr <= {table_addr[chosen], 2'b00};
      m_axis_tuser.len  <= 16'd4;
      m_axis_tdata      <= {480'd0, table_data[chosen]};
      last_q            <= chosen;
    end
    if (stop) pending_q <= '0;
    if (rst) begin
      pending_q     <= '0;
      mask_q        <= {VECTORS{REG_MSIX_VECTOR_CONTROL_MASK_RESET}};
      m_axis_tvalid <= 1'b0;
      last_q        <= '0;
    end
  end
  assign m_axis_tlast = 1'b1;

endmodule

`default_nettype wire
