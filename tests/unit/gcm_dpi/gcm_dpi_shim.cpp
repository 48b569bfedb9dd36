// SPDX-License-Identifier: Apache-2.0
#include "../gcm/gcm_shim.cpp"
DUT_PORT(wipe)
DUT_PORT(wipe_sa)
