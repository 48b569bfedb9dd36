# SPDX-License-Identifier: Apache-2.0
"""Yosys for UltraScale+: the mapped netlist of a module.

synth.py TOP OUT [NAME=VALUE ...] SV-FILES      OUT.json is the netlist, OUT.log the log

Fails on an error, an inferred latch, a memory left over, a net with several drivers, or a combinational loop.

All of synth_xilinx runs, with the hierarchy kept, so that a module used many times (an AES round) is mapped once, whatever stands
beside it, and the area of a block is the sum of its modules. Only the choice of LUTs is not its own (abc9, which takes the XOR trees apart):
 - wide LUTs (MUXF7, MUXF8) for the S-box alone, where they save a level; elsewhere they cost LUTs for nothing
 - GHASH, the AES rounds and the hashes of sa_lookup keep the XOR trees that the RTL writes down: what abc does by default to shorten logic takes
   these apart, for 20 % more LUTs
 - every LUT counts the same
"""
import os
import sys

import yosys

XILINX = 'synth_xilinx -family xcup -uram -noiopad -noclkbuf -nowidelut'

LUTS = [
    'select -set sbox aes_sbox*',
    'abc -luts 2:2,3,6:5,10,20 @sbox',
    'select -set trees ghash* aes_round* aes_start* sa_lookup*',
    'abc -lut 6 -script +strash;if;mfs2 @trees',
    'abc -lut 6',
    'clean',
    # the rest of map_luts
    'xilinx_srl -fixed -minlen 3',
    'techmap -map +/xilinx/lut_map.v -map +/xilinx/cells_map.v -D LUT_WIDTH=6',
    'xilinx_dffopt',
    'opt_lut_ins -tech xilinx',
    'clean']


def synthesize(top, out, parameters, files):
    with yosys.begin(out) as log:
        if top != 'synth_top':  # whose cards are not connected
            yosys.check(top, parameters, files, log)
        yosys.read(top, parameters, files, out, log)
        yosys.run([
            f'read_rtlil {out}.il',
            f'{XILINX} -top {top} -run begin:map_luts',
            f'select -assert-none {yosys.LATCHES} t:$mem*',
            *LUTS,
            f'{XILINX} -top {top} -run check:',
            'check -assert',
            f'json -o {out}.tmp'], log)
    os.remove(f'{out}.il')
    os.replace(f'{out}.tmp', f'{out}.json')


if __name__ == '__main__':
    words = sys.argv[3:]
    synthesize(sys.argv[1], sys.argv[2], [w for w in words if '=' in w], [w for w in words if '=' not in w])
