#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# synth.sh TOP OUT CHPARAM-ARGUMENTS SV-FILES: Yosys for UltraScale+. OUT.json is the mapped netlist, OUT.log the log; fails on an error, an
# inferred latch, a memory left over, a wire that several cells drive or none, or a name that Yosys did not know and took for a new wire.
#
# All of synth_xilinx runs, with the hierarchy kept, so that a module used many times (an AES round) is mapped once, whatever stands
# beside it, and the area of a block is the sum of its modules. Only the choice of LUTs differs from its own (before map_luts, so nothing
# is left for it to do there):
#  - wide LUTs (MUXF7, MUXF8) for the S-box alone, where they save a level; elsewhere they cost LUTs for nothing
#  - GHASH, the AES rounds and the hashes of sa_lookup keep the XOR trees that the RTL writes down: what abc does by default to shorten logic takes these apart,
#    for 20 % more LUTs
#  - every LUT counts the same
set -eu
top=$1 out=$2 params=$3
shift 3
SYNTH="synth_xilinx -family xcup -uram -noiopad -noclkbuf -nowidelut -top $top"
rm -f "$out.json"
nice yosys -q -l "$out.log" -p "
  read_verilog -sv $*
  chparam $params $top
  $SYNTH -run begin:map_luts
  select -assert-none t:\$dlatch t:\$adlatch t:\$dlatchsr t:\$_DLATCH* t:\$_DLATCHSR* t:\$mem*
  select -set sbox *aes_sbox
  abc -luts 2:2,3,6:5,10,20 @sbox
  select -set trees *ghash* *aes_round* *aes_start* *sa_lookup*
  abc -lut 6 -script +strash;if;mfs2 @trees
  abc -lut 6
  $SYNTH -run map_luts:
  select * $top %d
  check -assert
  select -clear
  json -o $out.tmp" >/dev/null 2>&1 || { tail -n 20 "$out.log" >&2; exit 1; }
if grep -e '^Latch inferred' -e 'is implicitly declared' -e 'out of bounds on signal' "$out.log" >&2; then
	exit 1
fi
mv "$out.tmp" "$out.json"
