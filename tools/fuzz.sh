#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# fuzz.sh BUILD CLANG: every fuzzer for WEIR_FUZZ_SECONDS (60). With clang's libFuzzer in a build of
# its own, BUILD/fuzzing, which keeps what it finds worth trying again; else with mutations by chance.

set -euo pipefail
cd "$(dirname "$0")/.."
BUILD=$1
CLANG=$2
export WEIR_FUZZ_SECONDS=${WEIR_FUZZ_SECONDS:-60}

library=$("$CLANG" -print-runtime-dir)/libclang_rt.fuzzer_no_main-$(uname -m).a
options=()
if [ -r "$library" ]; then
	BUILD=$BUILD/fuzzing
	# clang warns of libseccomp's own macros.
	options=(CC="$CLANG" CXX="$CLANG++" FUZZ_DRIVER=guided FUZZ_LIBS="$library"
		SANITIZE="-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all -fno-omit-frame-pointer -Wno-missing-field-initializers")
else
	echo "fuzz: $CLANG has no libFuzzer ($library): inputs are changed by chance alone" >&2
fi
export BUILD
make --no-print-directory -j"$(nproc)" BUILD="$BUILD" "${options[@]}" fuzzers
find tests/fuzz -name 'fuzz_*.c' | sed 's/\.c$//' >"$BUILD/tests/list"
exec tests/run fuzz
