/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_SERVICES_H
#define WEIR_FLOW_SERVICES_H

#include <stdbool.h>
#include <stdint.h>

/* TCP, UDP, DCCP, SCTP, UDP-Lite. */
bool proto_has_ports(uint8_t proto);

/* A port (host order) on which servers wait, by custom: tells who asked when the beginning of a
 * connection was not seen. */
bool port_is_service(uint16_t port);

#endif
