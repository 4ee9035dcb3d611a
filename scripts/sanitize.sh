#!/usr/bin/env bash
# Compiles the kernels natively and runs them under AddressSanitizer and UndefinedBehaviorSanitizer.
set -euo pipefail
cd "$(dirname "$0")/.."

build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
program=$build/sanitize

for name in sanitize-training sanitize-zoo sanitize-engine sanitize-programs sanitize-celo sanitize; do
  clang-19 -std=c17 -O1 -g -ffp-contract=off -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all \
    -Wall -Wextra -Werror -Wno-sign-compare -Wno-unused-function -o "$build/$name" "test/native/$name.c" -lm
  "$build/$name"
done

# The sanitizers themselves are at work: each must stop a program that is wrong on purpose.
must_stop() {
  if "$program" "$1" >"$build/log" 2>&1 || ! grep -q "$2" "$build/log"; then
    echo "sanitize: expected the case '$1' to be stopped by '$2', got:" >&2
    cat "$build/log" >&2
    exit 1
  fi
}
must_stop overrun 'AddressSanitizer: heap-buffer-overflow'
must_stop undefined 'signed integer overflow'
