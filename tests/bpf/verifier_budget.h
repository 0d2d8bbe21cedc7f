/* SPDX-License-Identifier: Apache-2.0 */
/* program, {instructions, states, peak states, bytes of stack} */
/* clang-format off: a row a program */
{"weir_tc_in_eth", {240000, 9776, 4395, 192}},
{"weir_tc_out_eth", {195877, 7948, 3945, 183}},
{"weir_tc_in_l3", {192038, 8266, 4120, 183}},
{"weir_tc_out_l3", {147943, 6355, 3678, 192}},
{"weir_xdp", {116372, 5602, 3333, 192}},
{"weir_fork", {245, 23, 23, 33}},
{"weir_exec", {1025, 63, 63, 68}},
{"weir_exit", {197, 21, 21, 33}},
{"weir_sock_create", {380, 35, 35, 60}},
{"weir_sock_release", {530, 45, 45, 77}},
{"weir_connect4", {387, 35, 35, 60}},
{"weir_connect6", {387, 35, 35, 60}},
{"weir_sendmsg4", {387, 35, 35, 60}},
{"weir_sendmsg6", {387, 35, 35, 60}},
{"weir_getpeername4", {387, 35, 35, 60}},
{"weir_getpeername6", {387, 35, 35, 60}},
{"weir_post_bind4", {663, 48, 48, 139}},
{"weir_post_bind6", {663, 48, 48, 165}},
{"weir_listen", {788, 60, 60, 112}},
{"weir_clock", {58, 10, 10, 16}},
/* clang-format on */
