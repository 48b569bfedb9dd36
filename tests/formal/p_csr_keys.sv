// SPDX-License-Identifier: Apache-2.0
// proof csr_keys: pdr zero
// Two cards to which different keys and salts are written, and nothing else that differs, answer every register access alike.
`default_nettype none

module p_csr_keys (
    input logic                   clk,
    input logic                   rst,
    input espalier_pkg::reg_req_t reg_req,
    input logic [31:0]            other_data,
    input espalier_pkg::reg_rsp_t dma_rsp,
    input espalier_pkg::reg_rsp_t msix_rsp,
    input logic                   access_error,
    input logic                   sa_cmd_ready,
    input logic                   sa_rsp_valid,
    input espalier_pkg::sa_rsp_t  sa_rsp,
    input logic [31:0]            sa_out_count,
    input logic [31:0]            sa_in_count,
    input logic                   ready,
    input logic                   bus_master,
    input logic                   unexpected_completion,
    input logic [31:0]            cfg_timeout,
    input logic [7:0]             count_status
);
  espalier_pkg::reg_req_t reg_req_b, dma_req_a, dma_req_b, msix_req_a, msix_req_b;
  espalier_pkg::reg_rsp_t reg_rsp_a, reg_rsp_b;
  logic                   sa_cmd_valid_a, sa_cmd_valid_b;
  espalier_pkg::sa_cmd_t  sa_cmd_a, sa_cmd_b;
  logic [31:0]            dma_timeout_a, dma_timeout_b;
  logic                   secret;
  assign secret = reg_req.write && (reg_req.addr == espalier_regs_pkg::REG_SA_SALT || reg_req.addr[15:5] == espalier_regs_pkg::REG_SA_KEY[15:5]);
  always_comb begin
    reg_req_b = reg_req;
    if (secret) reg_req_b.data = other_data;
  end

  p_reset u_reset (.*);
  // No packet ends: the counters hold nothing secret, and cost the proof most of its time.
  csr u_a (.*, .count_valid(1'b0), .reg_rsp(reg_rsp_a), .dma_req(dma_req_a), .msix_req(msix_req_a), .sa_cmd_valid(sa_cmd_valid_a), .sa_cmd(sa_cmd_a),
           .dma_timeout(dma_timeout_a));
  csr u_b (.*, .count_valid(1'b0), .reg_req(reg_req_b), .reg_rsp(reg_rsp_b), .dma_req(dma_req_b), .msix_req(msix_req_b), .sa_cmd_valid(sa_cmd_valid_b),
           .sa_cmd(sa_cmd_b), .dma_timeout(dma_timeout_b));

  // One access at a time, as pcie_regs keeps it.
  logic waiting_q, forwarded_q;
  always_comb begin
    m_one : assume (!(reg_req.valid && waiting_q && !reg_rsp_a.valid));
    // A forwarded access is answered once, by one block.
    m_answer : assume (!(dma_rsp.valid || msix_rsp.valid) || (forwarded_q && !(dma_rsp.valid && msix_rsp.valid)));
  end
  always_ff @(posedge clk) begin
    if (rst) waiting_q <= 1'b0;
    else if (reg_req.valid) waiting_q <= 1'b1;
    else if (reg_rsp_a.valid) waiting_q <= 1'b0;
    if (rst || dma_rsp.valid || msix_rsp.valid) forwarded_q <= 1'b0;
    else if (dma_req_a.valid || msix_req_a.valid) forwarded_q <= 1'b1;
    if (!rst) begin
      a_answer : assert (reg_rsp_a == reg_rsp_b);
      a_forwarded : assert (!(dma_req_a.valid || msix_req_a.valid) || (dma_req_a == dma_req_b && msix_req_a == msix_req_b));
      a_command : assert (sa_cmd_valid_a == sa_cmd_valid_b && dma_timeout_a == dma_timeout_b);
    end
  end
endmodule

`default_nettype wire
