#!/bin/sh
# From orders that got lost to a signed record: sh examples/orders/run.sh
# Everything is made anew in this folder, and git ignores it. Another Python: PYTHON=… sh …
set -eu
here=$(cd "$(dirname "$0")" && pwd)
PYTHON=$("${PYTHON:-python}" -c 'import sys; print(sys.executable)')
export PYTHON                      # the contract's commands are run with it too
PYTHONPATH="$here/../..${PYTHONPATH:+:$PYTHONPATH}"; export PYTHONPATH   # where nothing is installed

say() { printf '\n%s\n' "$*"; }

# ends CODE ARGUMENTS...: show a command, run it, and stop where it ends with another exit code.
ends() {
    expected=$1; shift
    echo "\$ python $*"
    code=0; "$PYTHON" "$@" || code=$?
    [ "$code" = "$expected" ] || { echo "ended with exit code $code, not $expected" >&2; exit 1; }
}

contract="--contract $here/pipeline.yml" today="--as-of 2025-01-10"
rm -rf "$here/uncommitted"

say "1. Orders from March 2024 on, with a lost line in November and empty marts at Christmas."
ends 0 "$here/build.py"
say "2. The suites of Great Expectations are written from the contract."
ends 0 -m checkpoints suites $contract
say "3. The checkpoint fails (exit code 1). Holidays are no holes."
ends 1 -m checkpoints run $contract $today
say "4. Why, and where dates stop on their way."
ends 0 -m checkpoints explain $contract $today
say "5. The smallest set of calls: core first, then the marts, and no date that is complete."
ends 0 -m remediation plan -v $contract
say "6. They are made, and each date is looked at in the tables."
ends 0 -m remediation run --yes $contract $today
say "7. The checkpoint passes (exit code 0), and a person signs."
ends 0 -m checkpoints run $contract $today
ends 0 -m checkpoints signoff --by "Ada" --note "Christmas is there" $contract
