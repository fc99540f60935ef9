#!/usr/bin/env bash
# Installs what the build and the tests need on Debian 12: system packages through apt, and Python
# packages into build/venv. Only what is missing; when nothing is, no network is touched.
# usage: utils/setup.sh [packages | python]    both when not said
set -euo pipefail

what=${1:-all}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

packages=(
  # Compiler, linker and build tools.
  ca-certificates ccache clang-22 cmake g++ git libclang-rt-22-dev lld-22 make ninja-build pkg-config
  # What the compiler is made of, and its test tools (FileCheck, lit).
  libmlir-22-dev llvm-22-dev llvm-22-tools mlir-22-tools
  # What compiled models and the tools around them link.
  libsentencepiece-dev nlohmann-json3-dev
  # Tests, benchmarks, formatting.
  clang-format-22 libbenchmark-dev libgmock-dev libgtest-dev
  # Other machines, for tests: emulators, and C libraries for programs that run on them.
  libc6-dev-arm64-cross libc6-dev-riscv64-cross qemu-user
  # The interpreter of the scripts and of the environment below, and what extends it.
  python3 python3-dev python3-venv pybind11-dev
)

# Prints those of its arguments that dpkg does not have installed.
missing_packages() {
  local installed
  installed=$(dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
    awk '$1 == "installed" { print $2 }') || true
  comm -23 <(printf '%s\n' "$@" | sort -u) <(sort -u <<<"$installed")
}

install_packages() {
  if ! command -v dpkg-query >/dev/null; then
    echo "setup: this is not Debian; install yourself what corresponds to: ${packages[*]}" >&2
    return
  fi
  local missing
  mapfile -t missing < <(missing_packages "${packages[@]}")
  if ((${#missing[@]} == 0)); then
    return
  fi
  if ((EUID != 0)); then
    echo "setup: some packages are missing; please run:" >&2
    echo "sudo apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
  echo "setup: installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
}

install_python_packages() {
  # Debian's own Python where there is one, not whichever shim comes first on the PATH.
  local python=/usr/bin/python3
  [[ -x $python ]] || python=$(command -v python3)

  local venv=$root/build/venv
  local stamp=$venv/.requirements
  local want
  want=$("$python" --version && sha256sum <"$root/utils/requirements.txt")
  if [[ -f $stamp && $(<"$stamp") == "$want" ]]; then
    return
  fi
  echo "setup: installing Python packages into build/venv"
  "$python" -m venv --clear "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    --requirement "$root/utils/requirements.txt"
  printf '%s' "$want" >"$stamp"
}

case $what in
  all)
    install_packages
    install_python_packages
    ;;
  packages) install_packages ;;
  python) install_python_packages ;;
  *)
    echo "setup: expected packages or python, got '$what'" >&2
    exit 1
    ;;
esac
