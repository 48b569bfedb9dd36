// SPDX-License-Identifier: Apache-2.0
#include "Vgcm_cells_tb.h"
#include "shim.hpp"

DUT_BOILERPLATE(Vgcm_cells_tb)
#define PORT(NAME) DUT_PORT(NAME)
#include "gcm_cells_ports.h"
