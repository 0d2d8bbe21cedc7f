#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What decoders tell of real captures is what another dissector reads in them: a table, and each
# difference has its reason (tests/lib/agree.py).
# timeout: 300

. "$(dirname "$0")/../lib.sh"
require_tool tshark

captures=("$TREE"/tests/data/*.pcap "$TREE"/tests/data/*.pcapng)
if [ -r "${WEIR_CORPUS:-none}/README.md" ]; then
	captures+=("$WEIR_CORPUS"/*/*.pcap)
else
	skip "captures of real traffic" "no captures at \$WEIR_CORPUS"
fi
for capture in "${captures[@]}"; do
	name="$(basename "$capture"): as tshark reads it"
	if python3 "$TREE/tests/lib/agree.py" "$WEIR" "$capture" >"$SCRATCH/table"; then
		ok "$name"
	else
		not_ok "$name" "see the table"
	fi
	tail -n +2 "$SCRATCH/table"
done
