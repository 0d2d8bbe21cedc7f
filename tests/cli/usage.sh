#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The command line: what is wrong is named with what would be right, and the exit status is kept.

. "$(dirname "$0")/../lib.sh"

expect "no verb" 2 '^Usage: weir VERB' "$WEIR"
expect "unknown verb" 2 "^weir: unknown verb 'rnu': did you mean 'weir run'\?$" "$WEIR" rnu
expect "verb like no other" 2 "'weir help' lists them" "$WEIR" xyzzy
expect "option before the verb" 2 "'weir VERB --lo'" "$WEIR" --lo run
expect "empty verb" 2 "unknown verb ''" "$WEIR" ""
expect "unknown option" 2 "unknown option '--interfce': did you mean '--interface'\?" "$WEIR" run --interfce eth0
expect "unknown letter" 2 "unknown option '-z'" "$WEIR" run -z
expect "option without its value" 2 '^weir: --database has no value: give it FILE' "$WEIR" run --database
expect "operand too many" 2 "'eth0' is one word too many" "$WEIR" run eth0
expect "wrong value" 2 "--hook: hooks is 'eth0=xpd': give a list of auto, tc or xdp" "$WEIR" run --hook eth0=xpd
expect "wrong network" 2 "--home: home_networks is '10.0.0.0/99'" "$WEIR" replay --home 10.0.0.0/99 x
expect "replay of nothing" 2 "^weir: no file: " "$WEIR" replay
expect "wrong level" 2 "no level 'hgih': nearest is 'high'" "$WEIR" replay x --fail-on hgih
expect "help of no verb" 2 "no verb 'rnu'" "$WEIR" help rnu
expect "version" 0 '^weir [0-9]+\.[0-9]+\.[0-9]+$' "$WEIR" version
expect "version as an option" 0 '^weir [0-9]' "$WEIR" --version
expect "help as an option" 0 '^Usage: weir run \[OPTIONS\]$' "$WEIR" run --help
expect "help" 0 '^  run ' "$WEIR" help

for verb in $("$WEIR" help --names); do
	expect "help $verb" 0 "^Usage: weir $verb" "$WEIR" help "$verb"
	wide=$("$WEIR" help "$verb" | awk 'length($0) > 100' | head -n 1)
	same "help $verb is narrow" "" "$wide"
	expect "manual page of $verb" 0 '^\.TH WEIR' "$WEIR" help --man "$verb"
	if command -v man >/dev/null && command -v groff >/dev/null; then
		said=$("$WEIR" help --man "$verb" | groff -man -Tutf8 -ww 2>&1 >/dev/null)
		same "manual page of $verb has no markup errors" "" "$said"
	fi
done

# Every verb that is listed has its word in the list, and colour stays out of pipes.
expect "no colour in a pipe" 0 'run' "$WEIR" help
check "no escape in a pipe" bash -c "! '$WEIR' rules --rules '$TREE/rules' | grep -q $'\033'"

if [ -w /dev/full ]; then
	said=$("$WEIR" help 2>&1 >/dev/full)
	same "full disk" "3 weir: cannot write to standard output: is the disk full?" "$? $said"
fi
