// SPDX-License-Identifier: Apache-2.0
// The simulator's card with its state laid open (secrets.h).
#include "../../../sim/card_shim.cpp"
#include "Vcard__Syms.h"

extern "C" uint8_t *dut_state(size_t *len)
{
    *len = sizeof(Vcard__Syms);
    return reinterpret_cast<uint8_t *>(top->rootp->vlSymsp);
}
