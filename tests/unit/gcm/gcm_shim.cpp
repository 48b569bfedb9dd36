// SPDX-License-Identifier: Apache-2.0
#include "Vgcm_tb.h"
#include "Vgcm_tb__Syms.h"
#include "shim.hpp"
DUT_BOILERPLATE(Vgcm_tb)

// All that the model holds (secrets.h); the engines in C keep their keys elsewhere.
extern "C" uint8_t *dut_state(size_t *len)
{
    *len = sizeof(Vgcm_tb__Syms);
    return reinterpret_cast<uint8_t *>(top->rootp->vlSymsp);
}

DUT_PORT(rst)
DUT_PORT(key_start)
DUT_PORT(key)
DUT_PORT(key_size)
DUT_PORT(key_sa)
DUT_PORT(key_done)
DUT_PORT(wipe)
DUT_PORT(flush)
DUT_PORT(wipe_sa)
DUT_PORT(decrypt)
DUT_PORT(s_valid)
DUT_PORT(s_first)
DUT_PORT(s_last)
DUT_PORT(s_null)
DUT_PORT(s_data)
DUT_PORT(s_sa)
DUT_PORT(s_key_size)
DUT_PORT(s_nonce)
DUT_PORT(s_aad)
DUT_PORT(s_aad_len)
DUT_PORT(s_len)
DUT_PORT(s_user)
DUT_PORT(m_valid)
DUT_PORT(m_first)
DUT_PORT(m_last)
DUT_PORT(m_null)
DUT_PORT(m_data)
DUT_PORT(m_user)
DUT_PORT(tag_valid)
DUT_PORT(tag_null)
DUT_PORT(tag)
DUT_PORT(tag_user)
