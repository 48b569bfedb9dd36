// SPDX-License-Identifier: Apache-2.0
// One rule's bits in one row of all bit vectors: vector v's bit says whether the rule can match a packet whose part v of the key is `row`.
// Combinational, 5 LUT levels. RFC 4301, 4.4.1.1; the vectors are those of spd_vectors:
//
//   0 ..          source address, first part first     then   destination address     then   protocol
//   then of the source port, and of the destination port: in, eq_lo, eq_hi (of its upper half), ge, le (of its lower half)
//   last          kind: row is {ports_known, proto_known, inbound, v6}
`default_nettype none

module spd_expand import spd_pkg::*; #(
    parameter int unsigned ROW_W       = 8,                      // bits of a part of the key; fewer for proofs alone
    parameter int unsigned ADDR_PARTS  = 128 / ROW_W,            // of an address; fewer for proofs alone
    parameter int unsigned VECTORS     = 2 * ADDR_PARTS + 12     // not to be set
) (
    input  selector_t          sel,
    input  logic [ROW_W-1:0]   row,
    output logic [VECTORS-1:0] bits
);

  // value is a part of an address, and its topmost bit the address' bit `at`, counted from the top: the first len bits of the address count.
  function automatic logic prefix_bit(input logic [ROW_W-1:0] value, input logic [7:0] len, input int unsigned at, input logic [ROW_W-1:0] r);
    logic [ROW_W-1:0] counts;
    for (int unsigned b = 0; b < ROW_W; b = b + 1) counts[ROW_W-1-b] = len > 8'(at + b);
    prefix_bit = ((r ^ value) & counts) == '0;
  endfunction

  // {le, ge, eq_hi, eq_lo, in}
  function automatic logic [4:0] range_bits(input range_t p, input logic [ROW_W-1:0] r);
    logic [ROW_W-1:0] lo_top, lo_low, hi_top, hi_low;
    logic             any;
    any        = is_any(p) || is_opaque(p);
    lo_top     = p.lo[15-:ROW_W];
    hi_top     = p.hi[15-:ROW_W];
    lo_low     = p.lo[15-ROW_W-:ROW_W];
    hi_low     = p.hi[15-ROW_W-:ROW_W];
    range_bits = {r <= hi_low, r >= lo_low, r == hi_top, r == lo_top, any || (r > lo_top && r < hi_top)};
  endfunction

  logic [3:0] kind;  // fewer bits: all is known
  if (ROW_W >= 4) begin : g_kind
    assign kind = row[3:0];
  end else begin : g_small_kind
    assign kind = 4'b1100 | 4'(row);
  end

  always_comb begin
    for (int unsigned i = 0; i < ADDR_PARTS; i = i + 1) begin
      bits[i]            = prefix_bit(sel.src.addr[127-ROW_W*i-:ROW_W], sel.src.len, ROW_W * i, row);
      bits[ADDR_PARTS+i] = prefix_bit(sel.dst.addr[127-ROW_W*i-:ROW_W], sel.dst.len, ROW_W * i, row);
    end
    bits[2*ADDR_PARTS]      = sel.scope.proto_kind != PROTO_IS || sel.proto[7-:ROW_W] == row;
    bits[2*ADDR_PARTS+1+:5] = range_bits(sel.sport, row);
    bits[2*ADDR_PARTS+6+:5] = range_bits(sel.dport, row);
    bits[VECTORS-1]         = kind_fits(sel.scope, sel.sport, sel.dport, kind[1], kind[0], kind[2], kind[3]);
  end

endmodule

`default_nettype wire
