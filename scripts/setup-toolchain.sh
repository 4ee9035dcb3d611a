#!/usr/bin/env bash
# Installs what `npm test` needs from Debian where it is missing: clang 19 and lld 19 (the kernels), compiler-rt
# (sanitizers), a C++ compiler and pip (the native backend), Chromium (the browser tests). Says nothing and changes nothing where all is there.
set -euo pipefail

readonly ATTEMPTS=3

say() { printf 'setup-toolchain: %s\n' "$*" >&2; }
die() { say "ERROR: $*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

sanitizer_runtime() {
  local runtime
  runtime=$(clang-19 -print-runtime-dir 2>/dev/null) || return 1
  compgen -G "$runtime/libclang_rt.asan*.a" >/dev/null ||
    compgen -G "$(dirname "$runtime")/linux/libclang_rt.asan*.a" >/dev/null
}

# Sets `missing` to the Debian packages that would complete this machine.
find_missing() {
  missing=()
  have clang-19 || missing+=(clang-19)
  have wasm-ld-19 || missing+=(lld-19)
  sanitizer_runtime || missing+=(libclang-rt-19-dev)
  have g++ || missing+=(g++)
  python3 -m pip --version >/dev/null 2>&1 || missing+=(python3-pip)
  [ -x /usr/bin/chromium ] || missing+=(chromium)
}

apt_install() {
  apt-get update -qq &&
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}"
}

find_missing
[ ${#missing[@]} -gt 0 ] || exit 0

by_hand="apt-get install ${missing[*]}"
have apt-get || die "missing: ${missing[*]} (Debian's names), and there is no apt-get here. Install their like by hand."
[ "$(id -u)" = 0 ] || die "missing Debian packages, and only root may install them. Run: sudo $by_hand"

say "installing ${missing[*]}"
for attempt in $(seq $ATTEMPTS); do
  if apt_install >&2; then break; fi
  [ "$attempt" -lt $ATTEMPTS ] || die "apt-get failed $ATTEMPTS times. Is the package archive within reach? By hand: $by_hand"
  say "attempt $attempt of $ATTEMPTS failed; trying again"
  sleep $((attempt * 5))
done

find_missing
[ ${#missing[@]} = 0 ] || die "still missing after the installation: ${missing[*]}"
