// SPDX-License-Identifier: Apache-2.0
// proof spd_expand: bmc 4
// Any rule that the writer takes, any key, full size: the bits that the key's parts find in the rule's vectors, put together as spd_vectors does,
// say what RFC 4301, 4.4.1.1 says of the rule and the packet.
`default_nettype none

module p_spd_expand import spd_pkg::*; (
    input logic      clk,
    input logic      rst,
    input selector_t sel,
    input key_t      key
);
  localparam int unsigned VECTORS = 44;
  p_reset u_reset (.*);

  // The rows that spd_vectors reads for the key.
  logic [VECTORS-1:0][7:0] row;
  logic [VECTORS-1:0]      own;
  for (genvar v = 0; v < VECTORS; v++) begin : g_vector
    logic [VECTORS-1:0] bits;
    spd_expand u_dut (.sel, .row(row[v]), .bits);
    assign own[v] = bits[v];
  end
  always_comb begin
    for (int unsigned i = 0; i < 16; i = i + 1) begin
      row[i]    = key.src[127-8*i-:8];
      row[16+i] = key.dst[127-8*i-:8];
    end
    row[32]    = key.proto;
    row[33]    = key.sport[15:8];
    row[34]    = key.sport[15:8];
    row[35]    = key.sport[15:8];
    row[36]    = key.sport[7:0];
    row[37]    = key.sport[7:0];
    row[38]    = key.dport[15:8];
    row[39]    = key.dport[15:8];
    row[40]    = key.dport[15:8];
    row[41]    = key.dport[7:0];
    row[42]    = key.dport[7:0];
    row[43]    = {4'b0, key.ports_known, key.proto_known, key.inbound, key.v6};
  end

  logic match;
  assign match = (&own[32:0]) && own[43] && range_fits(own[33], own[34], own[35], own[36], own[37]) && range_fits(own[38], own[39], own[40], own[41], own[42]);

  // The specification.
  function automatic logic prefix_holds(input prefix_t p, input logic [127:0] addr);
    prefix_holds = ((p.addr ^ addr) & ~({128{1'b1}} >> p.len)) == '0;
  endfunction
  function automatic logic ports_hold(input range_t r, input logic known, input logic [15:0] port);
    if (r.lo == 16'd0 && r.hi == 16'd65535) ports_hold = 1'b1;
    else if (r.lo == 16'd65535 && r.hi == 16'd0) ports_hold = !known;
    else ports_hold = known && port >= r.lo && port <= r.hi;
  endfunction
  logic proto, expected;
  always_comb begin
    case (sel.scope.proto_kind)
      PROTO_ANY: proto = 1'b1;
      PROTO_IS:  proto = key.proto_known && key.proto == sel.proto;
      default:   proto = !key.proto_known;
    endcase
  end
  assign expected = sel.scope.directions[key.inbound] && sel.scope.families[key.v6] && proto && ports_hold(sel.sport, key.ports_known, key.sport)
                    && ports_hold(sel.dport, key.ports_known, key.dport) && prefix_holds(sel.src, key.src) && prefix_holds(sel.dst, key.dst);

  always_comb begin
    m_ranges : assume (range_ok(sel.sport) && range_ok(sel.dport));
    m_kind : assume (sel.scope.proto_kind <= PROTO_OPAQUE);
    m_lens : assume (sel.src.len <= 8'd128 && sel.dst.len <= 8'd128);
  end
  always_ff @(posedge clk) begin
    if (!rst) a_meaning : assert (match == expected);
  end
endmodule

`default_nettype wire
