#!/bin/sh
# What a contract at the grain of rows finds in the demo's warehouse: sh examples/nba_full/run.sh
# The warehouse is built anew, and git ignores all that is made. Another Python: PYTHON=… sh …
set -eu
here=$(cd "$(dirname "$0")" && pwd)
PYTHONPATH="$here/../..${PYTHONPATH:+:$PYTHONPATH}"; export PYTHONPATH   # where nothing is installed

say() { printf '\n%s\n' "$*"; }

# ends CODE ARGUMENTS...: show a command, run it, and stop where it ends with another exit code.
ends() {
    expected=$1; shift
    echo "\$ python $*"
    code=0; "${PYTHON:-python}" "$@" || code=$?
    [ "$code" = "$expected" ] || { echo "ended with exit code $code, not $expected" >&2; exit 1; }
}

contract="--contract $here/pipeline.yml"
rm -rf "$here/uncommitted"

say "1. The warehouse of the demo: two seasons, and all that went wrong in them."
ends 0 -m demo build $contract
say "2. The suites of Great Expectations are written from the contract."
ends 0 -m checkpoints suites $contract
say "3. The checkpoint fails (exit code 1), row by row."
ends 1 -m checkpoints run $contract --season 2024-25 --as-of 2025-06-30
say "4. The contract names no services: the plan is a list for people, each date with its reason."
ends 0 -m remediation plan $contract
