#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Records tests/data/real-traffic.pcap: the traffic of real programs between two network namespaces joined by a veth pair.
#   client 10.1.0.2 --- veth --- 10.2.0.2 server
# ping of several sizes and TOS values, DNS lookups over UDP and TCP (dig, dnsmasq), HTTP downloads (curl, Python's http.server), and a
# fragmented ping. Ethernet frames, IPv4 only; offloads are off, so every frame is one that a wire would carry. MTU 1500.
# Needs root and: apt-get install -y --no-install-recommends iproute2 iputils-ping dnsutils dnsmasq-base curl ethtool tcpdump python3 procps
# Usage: tests/system/record_capture.sh [OUT.pcap]. The recording is in the repository; this is run again only to make another one.
set -euo pipefail

out=$(realpath -m "${1:-tests/data/real-traffic.pcap}")
client=espalier-c-$$ server=espalier-s-$$
work=$(mktemp -d)
pids=()

cleanup() {
  [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true
  ip netns del "$client" 2>/dev/null || true
  ip netns del "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

ip netns add "$client"
ip netns add "$server"
ip link add c0 netns "$client" type veth peer name s0 netns "$server"
for side in "$client c0 10.1.0.2 10.2.0.0/16" "$server s0 10.2.0.2 10.1.0.0/16"; do
  read -r ns dev address peer <<<"$side"
  ip netns exec "$ns" sysctl -qw net.ipv6.conf.all.disable_ipv6=1
  ip -n "$ns" link set lo up
  ip -n "$ns" address add "$address/32" dev "$dev"
  ip -n "$ns" link set "$dev" up
  ip -n "$ns" route add "$peer" dev "$dev" src "$address"
  ip netns exec "$ns" ethtool -K "$dev" tso off gso off gro off tx off >/dev/null
done
# An address a service, so that several SAs have work.
ip -n "$server" address add 10.2.0.53/32 dev s0
ip -n "$server" address add 10.2.0.80/32 dev s0

mkdir "$work/www"
cp /usr/share/common-licenses/GPL-3 "$work/www/licence.txt"
head -c 60000 /dev/urandom >"$work/www/random.bin"
ip netns exec "$server" python3 -m http.server --bind 10.2.0.80 --directory "$work/www" 80 >/dev/null 2>&1 &
pids+=($!)
txt=$(printf 'v=%.0s' $(seq 120))
ip netns exec "$server" dnsmasq --no-daemon --no-resolv --no-hosts --listen-address=10.2.0.53 --bind-interfaces --user=root --pid-file= \
  --address=/www.example.test/10.2.0.80 --txt-record=text.example.test,"$txt" --mx-host=example.test,mail.example.test,10 >/dev/null 2>&1 &
pids+=($!)
ip netns exec "$client" tcpdump -i c0 -s 0 -U -w "$work/out.pcap" ip >/dev/null 2>&1 &
tcpdump_pid=$!
pids+=("$tcpdump_pid")
sleep 2

in_client() { ip netns exec "$client" "$@" >/dev/null; }
for size in 0 1 8 56 200 777 1472; do
  in_client ping -c 3 -i 0.2 -s "$size" 10.2.0.2
done
in_client ping -c 2 -i 0.2 -Q 0xb8 10.2.0.2            # expedited forwarding
in_client ping -c 2 -i 0.2 -Q 0x02 10.2.0.2            # ECT(0)
in_client ping -c 2 -i 0.2 -M dont -s 1472 10.2.0.2    # no DF
in_client ping -c 1 -s 4000 10.2.0.2                   # fragments
for query in "www.example.test A" "www.example.test AAAA" "text.example.test TXT" "example.test MX" "no.example.test A"; do
  # shellcheck disable=SC2086
  in_client dig +tries=1 @10.2.0.53 $query
done
in_client dig +tcp +tries=1 @10.2.0.53 text.example.test TXT
in_client curl -sS -o "$work/a" http://10.2.0.80/licence.txt
in_client curl -sS -o "$work/b" http://10.2.0.80/random.bin
in_client curl -sS -o "$work/c" http://10.2.0.80/ http://10.2.0.80/missing
in_client curl -sS --limit-rate 40k -o "$work/d" http://10.2.0.80/random.bin
cmp "$work/b" "$work/www/random.bin"
sleep 1
kill -INT "$tcpdump_pid"
wait "$tcpdump_pid" || true
mkdir -p "$(dirname "$out")"
cp "$work/out.pcap" "$out"
echo "$out: $(tcpdump -r "$out" 2>/dev/null | wc -l) packets, $(stat -c %s "$out") bytes"
