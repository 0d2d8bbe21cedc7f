#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs.sh [BUILD]: writes anew what is printed from tables: deploy/weir.yaml and the keys in
# docs/configuration.md. A unit test says when that is needed.

set -euo pipefail
cd "$(dirname "$0")/.."
WEIR=${1:-build}/weir
MARK='## Keys'

"$WEIR" help --sample >deploy/weir.yaml
{
	sed "/^$MARK\$/q" docs/configuration.md
	echo
	"$WEIR" help --keys
} >docs/configuration.md.new
mv docs/configuration.md.new docs/configuration.md
