// SPDX-License-Identifier: Apache-2.0
// The rows of sa_lookup's ways for one key, combinational, 4 LUT levels:
//   spread    each bit becomes the sum of 5: any change of the key reaches several bytes. An odd number of rotations, so it loses nothing.
//   S-boxes   AES's, of each byte: no set of keys with a linear pattern (sequences, steps, subnets) is left linear
//   CRC       a way's row is the remainder by its own published CRC-32 polynomial
// Without the first two, keys in steps of a power of two fall into few rows in all ways at once.
`default_nettype none

module sa_lookup_hash #(
    parameter int unsigned WAYS  = 4,  // up to 4
    parameter int unsigned ROW_W = 12  // bits of a row
) (
    input  logic [63:0]                key,
    output logic [WAYS-1:0][ROW_W-1:0] row
);

  // Bit b of way w's row is the parity of the bits in this mask: bit b of (x^k * x^32 mod the way's CRC polynomial) for each bit k.
  function automatic logic [63:0] crc_mask(input int way, input logic [4:0] b);
    logic [31:0] poly;
    logic [31:0] rem;
    logic [63:0] mask;
    case (way)
      0: poly = 32'h04C1_1DB7;        // CRC-32 (IEEE 802.3)
      1: poly = 32'h1EDC_6F41;        // CRC-32C (Castagnoli)
      2: poly = 32'h741B_8CD7;        // CRC-32K (Koopman)
      default: poly = 32'h8141_41AB;  // CRC-32Q
    endcase
    rem  = poly;
    mask = '0;
    for (int k = 0; k < 64; k = k + 1) begin
      mask[k] = rem[b];
      rem = rem[31] ? ((rem << 1) ^ poly) : (rem << 1);
    end
    crc_mask = mask;
  endfunction

  logic [63:0] spread, mixed;
  assign spread = key ^ {key[52:0], key[63:53]} ^ {key[40:0], key[63:41]} ^ {key[25:0], key[63:26]} ^ {key[10:0], key[63:11]};

  for (genvar i = 0; i < 8; i++) begin : g_byte
    aes_sbox i_sbox (
        .x(spread[8*i+:8]),
        .s(mixed[8*i+:8])
    );
  end

  for (genvar w = 0; w < WAYS; w++) begin : g_way
    for (genvar b = 0; b < ROW_W; b++) begin : g_bit
      localparam logic [63:0] MASK = crc_mask(w, 5'(b));
      assign row[w][b] = ^(mixed & MASK);
    end
  end

endmodule

`default_nettype wire
