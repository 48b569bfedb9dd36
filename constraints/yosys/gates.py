# SPDX-License-Identifier: Apache-2.0
"""The netlist of a module as Verilog, to be simulated in its place: gates.py TOP OUT [NAME=VALUE ...] SV-FILES makes OUT.v with module TOP_netlist.

It is what synth.py makes, flat: LUTs, carry chains, flip-flops, shift registers as the cells of the part (their models come with Yosys:
share/xilinx/cells_sim.v). Only the tables stay memories as Yosys understood them, for the part's RAM cells have no open model. The module has
the ports of TOP as bits, and no parameters.
"""
import sys

import synth
import yosys


def gates(top, out, parameters, files):
    with yosys.begin(out) as log:
        yosys.read(top, parameters, files, out, log)
        yosys.run([
            f'read_rtlil {out}.il',
            f'{synth.XILINX} -top {top} -run begin:map_memory',
            f'{synth.XILINX} -top {top} -run fine:map_luts',
            *synth.LUTS,
            'flatten',
            'clean -purge',
            f'rename {top} {top}_netlist',
            f'write_verilog -noattr -nohex {out}.v'], log)


if __name__ == '__main__':
    words = sys.argv[3:]
    gates(sys.argv[1], sys.argv[2], [w for w in words if '=' in w], [w for w in words if '=' not in w])
