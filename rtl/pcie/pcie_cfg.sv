// SPDX-License-Identifier: Apache-2.0
// What the card must know of its configuration space and the block has no pin for: reads Device Control (extended tags) and Device Control 2
// (completion timeout) through the configuration management interface, in turn, again and again. An access is held until the block answers it.
// Until the first answer: 32 tags, default timeout. Source: PG213 "Configuration Management Interface"; PCI Express Base 7.5.3.4, 7.5.3.16.
`default_nettype none

module pcie_cfg #(
    parameter int unsigned PCIE_CAP = 'h70,  // byte address of the PCI Express capability, of the block as it is generated
    parameter int unsigned PAUSE    = 16,    // cycles between two accesses
    parameter int unsigned DEFAULT_TIMEOUT = 2_500_000  // cycles, for the default range: 10 ms
) (
    input  logic        clk,
    input  logic        rst,
    output logic [9:0]  cfg_mgmt_addr,             // of the dword
    output logic [7:0]  cfg_mgmt_function_number,
    output logic        cfg_mgmt_read,
    input  logic [31:0] cfg_mgmt_read_data,
    input  logic        cfg_mgmt_read_write_done,
    output logic        extended_tags,
    output logic [31:0] timeout                    // cycles of 4 ns
);

  localparam logic [9:0]  DEVICE_CONTROL   = 10'((PCIE_CAP + 'h08) / 4);
  localparam logic [9:0]  DEVICE_CONTROL_2 = 10'((PCIE_CAP + 'h28) / 4);
  localparam int unsigned PAUSE_W          = $clog2(PAUSE + 1);

  // The shortest of each range, so that the timeout and the time until it is noticed lie within it; the default range is wide, and less than
  // 10 ms is advised against (7.5.3.16). Disabled: as long as the counter can.
  logic [31:0] cycles;
  always_comb begin
    unique case (cfg_mgmt_read_data[3:0])
      4'b0001: cycles = 32'd12_500;         // 50 us to 100 us
      4'b0010: cycles = 32'd250_000;        // 1 ms to 10 ms
      4'b0101: cycles = 32'd4_000_000;      // 16 ms to 55 ms
      4'b0110: cycles = 32'd16_250_000;     // 65 ms to 210 ms
      4'b1001: cycles = 32'd65_000_000;     // 260 ms to 900 ms
      4'b1010: cycles = 32'd250_000_000;    // 1 s to 3.5 s
      4'b1101: cycles = 32'd1_000_000_000;  // 4 s to 13 s
      4'b1110: cycles = 32'd4_250_000_000;  // 17 s to 64 s
      default: cycles = DEFAULT_TIMEOUT;    // 50 us to 50 ms
    endcase
    if (cfg_mgmt_read_data[4]) cycles = '1;
  end

  logic               second_q;  // Device Control 2
  logic [PAUSE_W-1:0] pause_q;
  always_ff @(posedge clk) begin
    if (cfg_mgmt_read) begin
      if (cfg_mgmt_read_write_done) begin
        cfg_mgmt_read <= 1'b0;
        pause_q       <= PAUSE_W'(PAUSE);
        second_q      <= !second_q;
        if (second_q) timeout <= cycles;
        else extended_tags <= cfg_mgmt_read_data[8];
      end
    end else if (pause_q != '0) begin
      pause_q <= pause_q - 1'b1;
    end else begin
      cfg_mgmt_read <= 1'b1;
    end
    if (rst) begin
      cfg_mgmt_read <= 1'b0;
      pause_q       <= '0;
      second_q      <= 1'b0;
      extended_tags <= 1'b0;
      timeout       <= DEFAULT_TIMEOUT;
    end
  end
  assign cfg_mgmt_addr            = second_q ? DEVICE_CONTROL_2 : DEVICE_CONTROL;
  assign cfg_mgmt_function_number = 8'd0;

endmodule

`default_nettype wire
