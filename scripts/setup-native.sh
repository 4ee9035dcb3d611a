#!/usr/bin/env bash
# Puts a working native backend (@tensorflow/tfjs-node) into node_modules, for the tests.
#
#   scripts/setup-native.sh [--force]
#
# The package's own install script fetches libtensorflow from a file host. Here everything comes from the npm and
# PyPI registries, pinned by hash: the npm package without its install script, libtensorflow out of a Python wheel,
# and the package's own addon compiled against it. Libraries and addon are kept in
# ${XDG_CACHE_HOME:-~/.cache}/tfjs-l2o/native, so that only the first run downloads them (about 200 MB).
set -euo pipefail

readonly PACKAGE=@tensorflow/tfjs-node VERSION=4.22.0
readonly PACKAGE_INTEGRITY=sha512-uHrXeUlfgkMxTZqHkESSV7zSdKdV0LlsBeblqkuKU9nnfxB1pC6DtoyYVaLxznzZy7WQSegjcohxxCjAf6Dc7w==
readonly WHEEL=tensorflow-cpu WHEEL_VERSION=2.15.1
readonly WHEEL_SHA256=54660c074d7241a503e81edfd9f5ef5af88f64051b72e2945f26318c790f2d26
readonly RECIPE=1 # part of the cache's keys: raise it when what is kept there changes
readonly ATTEMPTS=3

say() { printf 'setup-native: %s\n' "$*" >&2; }
die() { say "ERROR: $*"; exit 1; }

# Runs a download up to ATTEMPTS times, with a growing pause in between.
retry() {
  local attempt
  for attempt in $(seq $ATTEMPTS); do
    if "$@"; then return 0; fi
    if [ "$attempt" -lt $ATTEMPTS ]; then
      say "attempt $attempt of $ATTEMPTS failed; trying again"
      sleep $((attempt * 5))
    fi
  done
  return 1
}

# --save-dev together with --no-save: package.json names the package as an optional peer, which npm would not install,
# and stays as it is.
install_package() {
  npm install --save-dev --no-save --ignore-scripts --loglevel=error "$PACKAGE@$VERSION" >&2
}

# Of what npm says it has put into node_modules.
installed() {
  node -p "require('./node_modules/.package-lock.json').packages['node_modules/$PACKAGE']?.$1 ?? ''" 2>/dev/null || true
}

download_wheel() {
  rm -rf "$scratch/wheel"
  # The wheel's tags are spelled out, so any Python will do for fetching it.
  python3 -m pip download --quiet --disable-pip-version-check --no-cache-dir --no-deps --only-binary=:all: \
    --python-version 3.11 --implementation cp --abi cp311 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
    --dest "$scratch/wheel" --requirement "$scratch/requirements.txt" >&2
}

# Libraries and C headers from the wheel into $1.
unpack_wheel() {
  python3 - "$scratch"/wheel/*.whl "$1" <<'PYTHON'
import pathlib, shutil, sys, zipfile

LIBRARIES = {f'tensorflow/{name}.so.2' for name in ('libtensorflow_cc', 'libtensorflow_framework')}
INCLUDE = 'tensorflow/include/'
HEADERS = tuple(INCLUDE + p for p in ('tensorflow/c/', 'tensorflow/core/platform/ctstring', 'tsl/c/', 'tsl/platform/ctstring',
                                      'tensorflow/tsl/c/', 'tensorflow/tsl/platform/ctstring', 'xla/tsl/c/'))
wheel, target = sys.argv[1], pathlib.Path(sys.argv[2])
with zipfile.ZipFile(wheel) as archive:
    names = archive.namelist()
    if not LIBRARIES <= set(names):
        sys.exit(f'{wheel} lacks {LIBRARIES - set(names)}')
    for name in names:
        if name in LIBRARIES:
            out = target / 'lib' / pathlib.PurePath(name).name
        elif name.startswith(HEADERS) and name.endswith('.h'):
            out = target / 'include' / name[len(INCLUDE):]
        else:
            continue
        out.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(name) as source, open(out, 'wb') as sink:
            shutil.copyfileobj(source, sink, 1 << 22)
PYTHON
}

compile_addon() {
  g++ -std=c++17 -O2 -fPIC -shared -w -DNAPI_VERSION="$napi" -DBUILDING_NODE_EXTENSION -DNODE_GYP_MODULE_NAME=tfjs_binding \
    -I"$libraries/include" -Inode_modules/node-api-headers/include \
    "$module"/binding/tfjs_backend.cc "$module"/binding/tfjs_binding.cc -o "$1" \
    -Wl,-rpath,'$ORIGIN/../../deps/lib' "$libraries"/lib/libtensorflow_cc.so.2 "$libraries"/lib/libtensorflow_framework.so.2
}

# A product and a gradient on the native backend, through the very tfjs-core that the tests import.
verify() {
  TF_CPP_MIN_LOG_LEVEL=2 node -e '
    const node = require(process.argv[1]), tf = require("@tensorflow/tfjs-core");
    const expect = (what, got, wanted) => {
      if (String(got) !== wanted) throw new Error(`${what}: expected ${wanted}, got ${got}`);
    };
    const a = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    expect("backend", tf.getBackend(), "tensorflow");
    expect("matMul", tf.matMul(a, a).dataSync(), "7,10,15,22");
    expect("gradient", tf.grad(x => tf.sum(tf.pow(x, 3)))(a).dataSync(), "3,12,27,48");
    console.error(`setup-native: tfjs-node ${node.version["tfjs-node"]} on libtensorflow ${tf.backend().binding.TF_Version} works`);
  ' "$PACKAGE"
}

force=false
case ${1:-} in
  '') ;;
  --force) force=true ;;
  *) die "unknown argument $1; usage: scripts/setup-native.sh [--force]" ;;
esac
cd "$(dirname "$0")/.."
[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || die "the libraries come from a wheel for Linux on x86_64; this is $(uname -s) on $(uname -m)"
for tool in node npm g++ python3 flock sha256sum; do
  command -v $tool >/dev/null || die "$tool not found (see scripts/setup-toolchain.sh)"
done
[ -f node_modules/node-api-headers/package.json ] || die "node_modules is incomplete: run node scripts/install.mjs first"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/tfjs-l2o/native
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
scratch=$(mktemp -d "$cache/scratch.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

module=node_modules/$PACKAGE
if [ "$(installed version)" != $VERSION ] || [ ! -f "$module/package.json" ]; then
  say "installing $PACKAGE $VERSION without its install script"
  retry install_package || die "npm could not install $PACKAGE@$VERSION: see its messages above"
fi
[ "$(installed integrity)" = "$PACKAGE_INTEGRITY" ] || die "$PACKAGE $VERSION: expected integrity $PACKAGE_INTEGRITY, got '$(installed integrity)'"

libraries=$cache/$WHEEL-$WHEEL_VERSION-$RECIPE
if $force || [ ! -d "$libraries" ]; then
  say "downloading libtensorflow ($WHEEL $WHEEL_VERSION from PyPI)"
  printf '%s==%s --hash=sha256:%s\n' $WHEEL $WHEEL_VERSION $WHEEL_SHA256 >"$scratch/requirements.txt"
  retry download_wheel || die "pip could not download $WHEEL $WHEEL_VERSION: see its messages above"
  unpack_wheel "$scratch/libraries"
  rm -rf "$libraries" "$scratch/wheel"
  mv "$scratch/libraries" "$libraries" # whole or not at all
fi

# Where the package will look for its addon, from the code that will look.
addon=$(cd "$module" && node -p "require('@mapbox/node-pre-gyp').find(require('path').resolve('package.json'))")
napi=$(sed -n 's#.*/napi-v\([0-9]*\)/.*#\1#p' <<<"$addon")
[ -n "$napi" ] || die "cannot tell the N-API version from the addon's path $addon"
key=$({ cat "$module"/binding/*.{cc,h}; echo "$RECIPE $WHEEL_VERSION $napi"; g++ --version; } | sha256sum | cut -c1-16)
built=$cache/addon-$key.node
if $force || [ ! -f "$built" ]; then
  say "compiling the addon"
  compile_addon "$scratch/addon.node"
  mv "$scratch/addon.node" "$built"
fi

rm -rf "$module/deps"
mkdir -p "$module/deps/lib" "$(dirname "$addon")"
ln -s "$libraries"/lib/* "$module/deps/lib/"
if ! cmp -s "$built" "$addon"; then
  cp "$built" "$addon.new"
  mv "$addon.new" "$addon"
fi
verify || die "the native backend does not work; scripts/setup-native.sh --force starts from nothing"
