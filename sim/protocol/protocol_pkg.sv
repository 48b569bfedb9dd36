// SPDX-License-Identifier: Apache-2.0
// How many beats a packet has, for axis_protocol.
`default_nettype none

package protocol_pkg;

  // Of len bytes, in beats of `bytes`.
  function automatic logic [15:0] beats(input logic [15:0] len, input int unsigned bytes);
    beats = 16'((32'(len) + bytes - 32'd1) / bytes);
  endfunction

  // Of a packet to or from an engine (espalier_pkg::esp_in_t, esp_out_t): a failed one has one beat.
  function automatic logic [15:0] packet_beats(input logic [7:0] status, input logic [15:0] len, input int unsigned bytes);
    packet_beats = (status == espalier_regs_pkg::STATUS_OK) ? beats(len, bytes) : 16'd1;
  endfunction

endpackage

`default_nettype wire
