#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# spoken.sh FILE: writes a capture in which real programs speak what weir decodes, between two
# network namespaces of its own: name look-ups, HTTP, TLS 1.2 and 1.3, SSH, SMB, FTP, DHCP, ping.
# Whatever program is missing is left out, and said.

set -u
FILE=${1:?FILE}
WORK=$(mktemp -d "${TMPDIR:-/tmp}/weir-spoken.XXXXXX")
A=spoken-a-$$ B=spoken-b-$$

# Some servers end their whole process group: each has its own (setsid).
leave() {
	for namespace in "$A" "$B"; do
		ip netns pids "$namespace" | xargs -r kill
		ip netns del "$namespace"
	done
	rm -rf "$WORK"
}
trap leave EXIT

have() {
	command -v "$1" >/dev/null || {
		echo "spoken.sh: no $1: left out" >&2
		return 1
	}
}
client() { ip netns exec "$A" "$@" >/dev/null 2>&1 </dev/null; }
server() { setsid ip netns exec "$B" "$@" >"$WORK/server" 2>&1 </dev/null & }

ip netns add "$A" && ip netns add "$B" || exit 1
ip link add v0 netns "$A" type veth peer name v1 netns "$B"
ip -n "$A" link set lo up && ip -n "$B" link set lo up
ip -n "$A" address add 10.9.0.1/24 dev v0 && ip -n "$B" address add 10.9.0.2/24 dev v1
ip -n "$A" address add fd09::1/64 dev v0 nodad && ip -n "$B" address add fd09::2/64 dev v1 nodad
ip -n "$A" link set v0 up && ip -n "$B" link set v1 up
ip netns exec "$A" ethtool -K v0 tso off gso off gro off tx off >/dev/null 2>&1
ip netns exec "$B" ethtool -K v1 tso off gso off gro off tx off >/dev/null 2>&1
ip netns exec "$A" tcpdump -q -U --immediate-mode -s 0 -i v0 -w "$WORK/out" 2>/dev/null &
dump=$!

if have dnsmasq && have dig; then
	server dnsmasq --no-daemon --no-resolv --no-hosts --port 53 --user=root --pid-file= \
		--address=/www.example.com/10.9.0.2 --address=/www.example.com/fd09::2 \
		--txt-record=text.example.com,"some text" --cname=alias.example.com,www.example.com \
		--host-record=host.example.com,10.9.0.2 --mx-host=example.com,mail.example.com,10 \
		--dhcp-range=10.9.0.50,10.9.0.60 --dhcp-leasefile="$WORK/leases"
fi
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$WORK/key" -out "$WORK/certificate" -days 30 \
	-subj "/O=Example/CN=www.example.com" 2>/dev/null
echo "<html>hello</html>" >"$WORK/index.html"
{ printf 'MZ\220\0\3\0\0\0' && head -c 2040 /dev/zero; } >"$WORK/tool.exe"
(cd "$WORK" && server python3 -m http.server 80)
(cd "$WORK" && server openssl s_server -quiet -key key -cert certificate -port 443 -WWW)
(cd "$WORK" && server openssl s_server -quiet -key key -cert certificate -port 8443 -WWW -tls1_2)
if [ -x /usr/sbin/sshd ]; then
	ssh-keygen -q -t ed25519 -N '' -f "$WORK/host"
	ssh-keygen -q -t ed25519 -N '' -f "$WORK/guest"
	mkdir -p /run/sshd
	server /usr/sbin/sshd -D -e -p 22 -h "$WORK/host" -o PidFile=none -o UsePAM=no -f /dev/null
fi
if have smbd && have smbclient; then
	mkdir -p "$WORK/share" "$WORK/state"
	printf '[global]\nserver min protocol = NT1\nntlm auth = yes\nmap to guest = bad user\n' >"$WORK/smb.conf"
	printf 'guest account = root\ninterfaces = v1\ndisable spoolss = yes\nnetbios name = FILES\n' >>"$WORK/smb.conf"
	for key in "private dir" "state directory" "lock directory" "cache directory" "pid directory" "ncalrpc dir"; do
		printf '%s = %s/state\n' "$key" "$WORK" >>"$WORK/smb.conf"
	done
	printf '[files]\npath = %s/share\nguest ok = yes\nwritable = yes\n' "$WORK" >>"$WORK/smb.conf"
	server smbd --foreground --no-process-group --debug-stdout -s "$WORK/smb.conf"
fi
if have vsftpd; then
	printf 'listen=YES\nbackground=NO\nanonymous_enable=YES\nanon_root=%s\n' "$WORK/share" >"$WORK/ftp.conf"
	mkdir -p "$WORK/share" /var/run/vsftpd/empty
	server vsftpd "$WORK/ftp.conf"
fi
sleep 2

for query in "www.example.com A" "www.example.com AAAA" "text.example.com TXT" "alias.example.com A" \
	"example.com MX" "nothing.example.net A" "www.example.com A +tcp"; do
	# shellcheck disable=SC2086
	! have dig || client dig @10.9.0.2 +time=1 +tries=1 $query
done
! have busybox || client busybox udhcpc -i v0 -n -q -t 2 -T 1 -s /bin/true -x hostname:guest-1
client ping -c 3 -i 0.2 10.9.0.2
client ping -c 2 -i 0.2 fd09::2
for url in http://10.9.0.2/index.html http://10.9.0.2/tool.exe "http://10.9.0.2/missing?a=b"; do
	! have curl || client curl -s -m 5 -o /dev/null -A weir-test "$url"
done
for port in 443 8443; do
	! have curl || client curl -s -k --tlsv1.2 -m 5 -o /dev/null --resolve "www.example.com:$port:10.9.0.2" \
		"https://www.example.com:$port/index.html"
done
client openssl s_client -connect "[fd09::2]:443" -servername six.example.com -alpn h2,http/1.1
! have ssh || client ssh -p 22 -i "$WORK/guest" -o BatchMode=yes -o StrictHostKeyChecking=no \
	-o UserKnownHostsFile=/dev/null nobody@10.9.0.2 true
for protocol in SMB3 NT1; do
	for work in "put $WORK/index.html page.html; get page.html $WORK/got; ls; rename page.html old.html; rm old.html" \
		"put $WORK/tool.exe tool.exe"; do
		! have smbclient || client smbclient //10.9.0.2/files -N -m "$protocol" \
			--option="client min protocol=NT1" -c "$work"
	done
done
! have curl || client curl -s -m 5 -o /dev/null ftp://10.9.0.2/
! have curl || client curl -s -m 5 -u someone:wrong ftp://10.9.0.2/
sleep 0.5
kill "$dump"
wait "$dump" 2>/dev/null
mv "$WORK/out" "$FILE"
chmod 0644 "$FILE"
