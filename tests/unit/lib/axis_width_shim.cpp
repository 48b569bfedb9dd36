// SPDX-License-Identifier: Apache-2.0
#include "Vaxis_width_tb.h"
#include "shim.hpp"
DUT_BOILERPLATE(Vaxis_width_tb)
DUT_PORT(rst)
DUT_PORT(s_tvalid)
DUT_PORT(s_tready)
DUT_PORT(s_tdata)
DUT_PORT(s_tlast)
DUT_PORT(s_tlen)
DUT_PORT(n_fire)
DUT_PORT(m_tvalid)
DUT_PORT(m_tready)
DUT_PORT(m_tdata)
DUT_PORT(m_tlast)
DUT_PORT(m_tlen)
