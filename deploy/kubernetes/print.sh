#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# print.sh [HELM]: writes weir.yaml anew, the plain manifests, from the chart. A test says when that is
# needed.

set -euo pipefail
cd "$(dirname "$0")"
{
	cat <<-'END'
		# SPDX-License-Identifier: Apache-2.0
		# Printed from the chart by print.sh: kubectl apply -f weir.yaml, once image: names yours.
	END
	"${1:-helm}" template weir weir --namespace weir --kube-version 1.31.0 --set namespace.create=true
} >weir.yaml.new
mv weir.yaml.new weir.yaml
