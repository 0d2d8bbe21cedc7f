/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/link.h"

#include <errno.h>
#include <stdio.h>

#include "capture/bytes.h"

enum { ETHERTYPE_IPV4 = 0x0800, ETHERTYPE_IPV6 = 0x86dd };
enum { PPP_IPV4 = 0x0021, PPP_IPV6 = 0x0057 };

static bool is_vlan_tag(uint16_t type)
{
	return type == 0x8100 || type == 0x88a8 || type == 0x9100;
}

/* An ethertype and what it announces at `offset`: IP, perhaps behind VLAN tags. */
static enum link_fate strip_type(uint16_t type, const uint8_t *bytes, uint32_t captured,
				 uint32_t offset, struct link_frame *frame)
{
	for (int tags = 0; tags < 2 && is_vlan_tag(type); tags++) {
		if (captured < offset + 4)
			return LINK_TRUNCATED;
		if (!tags)
			frame->vlan = get_be16(bytes + offset) & 0xfff;
		type = get_be16(bytes + offset + 2);
		offset += 4;
	}
	frame->offset = offset;
	return type == ETHERTYPE_IPV4 || type == ETHERTYPE_IPV6 ? LINK_OK : LINK_NOT_IP;
}

static enum link_fate strip_ethernet(const uint8_t *bytes, uint32_t captured,
				     struct link_frame *frame)
{
	(void)bytes, (void)captured;
	frame->ethernet = true;
	return LINK_OK;
}

static enum link_fate strip_raw(const uint8_t *bytes, uint32_t captured, struct link_frame *frame)
{
	(void)bytes, (void)captured, (void)frame;
	return LINK_OK;
}

/* Linux cooked: packet type 1 is broadcast, 2 multicast, 4 outgoing. Netlink's protocols are no
 * ethertypes. */
#define ARPHRD_NETLINK 824

static enum link_fate strip_cooked(const uint8_t *bytes, uint32_t captured,
				   struct link_frame *frame)
{
	uint16_t kind;

	if (captured < 16)
		return LINK_TRUNCATED;
	kind = get_be16(bytes);
	frame->cast = kind == 1 || kind == 2;
	frame->outgoing = kind == 4;
	frame->several = true;
	if (get_be16(bytes + 2) == ARPHRD_NETLINK)
		return LINK_NOT_IP;
	return strip_type(get_be16(bytes + 14), bytes, captured, 16, frame);
}

static enum link_fate strip_cooked2(const uint8_t *bytes, uint32_t captured,
				    struct link_frame *frame)
{
	if (captured < 20)
		return LINK_TRUNCATED;
	frame->cast = bytes[10] == 1 || bytes[10] == 2;
	frame->outgoing = bytes[10] == 4;
	frame->several = true;
	frame->device = get_be32(bytes + 4);
	if (get_be16(bytes + 8) == ARPHRD_NETLINK)
		return LINK_NOT_IP;
	return strip_type(get_be16(bytes), bytes, captured, 20, frame);
}

/* AF_INET is 2 everywhere; AF_INET6 is 10 on Linux, 24, 28 and 30 on BSDs and macOS. */
static bool is_family_ip(uint32_t family)
{
	return family == 2 || family == 10 || family == 24 || family == 28 || family == 30;
}

/* The family in the byte order of the machine that captured, which nothing tells: take either. */
static enum link_fate strip_null(const uint8_t *bytes, uint32_t captured, struct link_frame *frame)
{
	if (captured < 4)
		return LINK_TRUNCATED;
	frame->offset = 4;
	return is_family_ip(get32(bytes, false)) || is_family_ip(get32(bytes, true)) ? LINK_OK
										     : LINK_NOT_IP;
}

static enum link_fate strip_loop(const uint8_t *bytes, uint32_t captured, struct link_frame *frame)
{
	if (captured < 4)
		return LINK_TRUNCATED;
	frame->offset = 4;
	return is_family_ip(get_be32(bytes)) ? LINK_OK : LINK_NOT_IP;
}

/* RFC 1661: perhaps address and control (ff 03), then the protocol in two bytes, or in one if that
 * is odd (compressed). Cisco's HDLC has an ethertype behind 0f 00 or 8f 00. */
static enum link_fate strip_ppp(const uint8_t *bytes, uint32_t captured, struct link_frame *frame)
{
	uint32_t at = 0;
	uint16_t protocol;

	if (captured >= 2 && bytes[0] == 0xff && bytes[1] == 0x03)
		at = 2;
	else if (captured >= 4 && (bytes[0] == 0x0f || bytes[0] == 0x8f) && bytes[1] == 0)
		return strip_type(get_be16(bytes + 2), bytes, captured, 4, frame);
	if (captured < at + 2)
		return LINK_TRUNCATED;
	protocol = bytes[at];
	frame->offset = at + 1;
	if (!(protocol & 1)) {
		protocol = get_be16(bytes + at);
		frame->offset = at + 2;
	}
	return protocol == PPP_IPV4 || protocol == PPP_IPV6 ? LINK_OK : LINK_NOT_IP;
}

/* Netfilter log: a header of 4 bytes, then values of (length with its header, type) padded to 4;
 * type 9 is the packet. Numbers are in the byte order of the machine that captured. */
#define NFLOG_HEADER  4
#define NFLOG_PAYLOAD 9

static bool find_payload(const uint8_t *bytes, uint32_t captured, bool swapped, uint32_t *offset)
{
	uint32_t at = NFLOG_HEADER;

	while (captured - at >= 4) {
		uint32_t length = get16(bytes + at, swapped);

		if ((get16(bytes + at + 2, swapped) & 0x7fff) == NFLOG_PAYLOAD) {
			*offset = at + 4;
			return length >= 4;
		}
		length = (length + 3) & ~3u;
		if (length < 4 || length > captured - at)
			return false;
		at += length;
	}
	return false;
}

static enum link_fate strip_nflog(const uint8_t *bytes, uint32_t captured, struct link_frame *frame)
{
	if (captured < NFLOG_HEADER)
		return LINK_TRUNCATED;
	if (!is_family_ip(bytes[0]))
		return LINK_NOT_IP;
	if (find_payload(bytes, captured, false, &frame->offset) ||
	    find_payload(bytes, captured, true, &frame->offset))
		return LINK_OK;
	return LINK_TRUNCATED;
}

static const struct link_type link_types[] = {
	{1, "ETHERNET", strip_ethernet},
	{0, "NULL", strip_null},
	{9, "PPP", strip_ppp},
	{12, "RAW", strip_raw}, /* DLT_RAW of most systems, found in old files */
	{14, "RAW", strip_raw}, /* of OpenBSD */
	{50, "PPP_HDLC", strip_ppp},
	{101, "RAW", strip_raw},
	{108, "LOOP", strip_loop},
	{113, "LINUX_SLL", strip_cooked},
	{228, "IPV4", strip_raw},
	{229, "IPV6", strip_raw},
	{239, "NFLOG", strip_nflog},
	{276, "LINUX_SLL2", strip_cooked2},
};

/* Others that are met in practice, so that a message can name them. */
static const struct link_type other_types[] = {
	{3, "AX25", NULL},
	{6, "IEEE802_5", NULL},
	{7, "ARCNET_BSD", NULL},
	{8, "SLIP", NULL},
	{10, "FDDI", NULL},
	{51, "PPP_ETHER", NULL},
	{100, "ATM_RFC1483", NULL},
	{104, "C_HDLC", NULL},
	{105, "IEEE802_11", NULL},
	{107, "FRELAY", NULL},
	{117, "PFLOG", NULL},
	{119, "IEEE802_11_PRISM", NULL},
	{122, "IP_OVER_FC", NULL},
	{127, "IEEE802_11_RADIOTAP", NULL},
	{138, "APPLE_IP_OVER_IEEE1394", NULL},
	{140, "MTP2", NULL},
	{143, "DOCSIS", NULL},
	{147, "USER0", NULL},
	{163, "IEEE802_11_AVS", NULL},
	{187, "BLUETOOTH_HCI_H4", NULL},
	{189, "USB_LINUX", NULL},
	{192, "PPI", NULL},
	{195, "IEEE802_15_4_WITHFCS", NULL},
	{197, "ERF", NULL},
	{201, "BLUETOOTH_HCI_H4_WITH_PHDR", NULL},
	{203, "LAPD", NULL},
	{204, "PPP_WITH_DIR", NULL},
	{220, "USB_LINUX_MMAPPED", NULL},
	{224, "FC_2", NULL},
	{226, "IPNET", NULL},
	{227, "CAN_SOCKETCAN", NULL},
	{230, "IEEE802_15_4_NOFCS", NULL},
	{231, "DBUS", NULL},
	{240, "NETANALYZER", NULL},
	{242, "IPOIB", NULL},
	{247, "INFINIBAND", NULL},
	{249, "USBPCAP", NULL},
	{251, "BLUETOOTH_LE_LL", NULL},
	{252, "WIRESHARK_UPPER_PDU", NULL},
	{253, "NETLINK", NULL},
	{254, "BLUETOOTH_LINUX_MONITOR", NULL},
	{258, "PKTAP", NULL},
	{264, "ISO_14443", NULL},
	{271, "VSOCK", NULL},
	{272, "NORDIC_BLE", NULL},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct link_type *find_in(const struct link_type *types, size_t count, uint16_t number)
{
	for (size_t i = 0; i < count; i++)
		if (types[i].number == number)
			return &types[i];
	return NULL;
}

const struct link_type *link_find(uint16_t number)
{
	return find_in(link_types, COUNT(link_types), number);
}

char *link_text(uint16_t number, char text[LINK_TEXT_MAX])
{
	const struct link_type *type = link_find(number);

	if (!type)
		type = find_in(other_types, COUNT(other_types), number);
	if (type)
		snprintf(text, LINK_TEXT_MAX, "%u (%s)", number, type->name);
	else
		snprintf(text, LINK_TEXT_MAX, "%u", number);
	return text;
}

int link_check(uint16_t number, const char *name, struct error *error)
{
	char text[LINK_TEXT_MAX];

	if (link_find(number))
		return 0;
	return error_set(error, EXIT_INPUT, EINVAL,
			 "%s: link type %s is not supported: Ethernet, Linux cooked (v1, v2), BSD "
			 "null and loop, raw IP, IPv4, IPv6, PPP, NFLOG are",
			 name, link_text(number, text));
}
