// SPDX-License-Identifier: Apache-2.0
#include "Vlookup_tb.h"
#include "shim.hpp"

DUT_BOILERPLATE(Vlookup_tb)
DUT_PORT(rst)
DUT_PORT(s_valid)
DUT_PORT(s_spi)
DUT_PORT(s_dst)
DUT_PORT(m_hit)
DUT_PORT(m_sa)
DUT_PORT(req_valid)
DUT_PORT(req_op)
DUT_PORT(req_spi)
DUT_PORT(req_dst)
DUT_PORT(req_sa)
DUT_PORT(rsp_valid)
DUT_PORT(rsp_result)
