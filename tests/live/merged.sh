#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# XDP on a device whose driver has none sees buffers that the kernel merged, and is not told of how many
# packets: weir goes by the device's MTU. tc on the bridge's port, which is told, is what it is held to.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live ethtool

UPLOAD=2000000
[ -z "${WEIR_SLOW:-}" ] || UPLOAD=300000

host client server
wire client eth0 server port0
if ! on server ip link add br0 type bridge 2>"$SCRATCH/why"; then
	skip merged "no bridges: $(head -n 1 "$SCRATCH/why")"
	exit 0
fi
on server ip link set port0 master br0
on server ip link set br0 up
address client eth0 10.96.1.2/24
address server br0 10.96.1.1/24
behind server python3 "$TRAFFIC" serve --tcp 8080
wait_for $((5 * SLOW)) listening server 8080
start_or_leave server --hook br0=xdp -i br0 -i port0

# received INTERFACE KEY
received() {
	python3 - "$SCRATCH/server/status" "$@" <<-'END'
		import json, sys
		path, name, key = sys.argv[1:]
		print(next(i for i in json.load(open(path))["capture"]["interfaces"] if i["name"] == name)["received"][key])
	END
}

# alike WHEN: both interfaces have received as many packets and bytes on the wire.
alike() {
	sleep 0.5
	weir_status server
	for key in packets wire_bytes; do
		same "merged/$1: $key are those of the port" "$(received port0 "$key")" "$(received br0 "$key")"
	done
}

on client python3 "$TRAFFIC" upload 10.96.1.1 8080 $UPLOAD >/dev/null
alike "1500"
same "merged/by XDP above the driver" "xdp generic" "$(received br0 hook)"
check "merged/buffers were" test "$(received br0 packets)" -gt $(($(received br0 buffers) * 2))

for end in "client eth0" "server port0" "server br0"; do
	set -- $end
	on "$1" ip link set "$2" mtu 1000
done
sleep 1
on client python3 "$TRAFFIC" upload 10.96.1.1 8080 $UPLOAD >/dev/null
alike "another MTU"
weir_stop server
same merged/stops 0 $?
