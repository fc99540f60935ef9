#!/usr/bin/env bash
# Compiles the model in models/shakespeare to a shared object and streams text from it.
# usage: utils/demo.sh BUILD_DIR
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bin=$1/bin
out=$1/demo/shakespeare.so

show() {
  echo "\$ $*"
  "$@"
}

mkdir -p "$(dirname "$out")"
echo
echo "A language model of ternary weights, compiled for this machine's processor:"
show "$bin/ternary-compile" models/shakespeare -o "$out"
echo
echo "It continues a prompt, a token at a time:"
show "$bin/ternary-run" "$out" --prompt "ROMEO:" --tokens 200 --temperature 0.8 --seed 1 --stats
echo
echo "Next: compile a model of your own with $bin/ternary-compile MODEL_DIR -o model.so"
