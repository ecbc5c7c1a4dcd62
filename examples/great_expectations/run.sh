#!/bin/sh
# Cross-layer suites beside a shop's own: sh examples/great_expectations/run.sh
# In a copy of this folder, as a project of somebody's own is added to. The copy may be named:
# sh … FOLDER. Another Python: PYTHON=… sh …
set -eu
here=$(cd "$(dirname "$0")" && pwd)
PYTHON=$("${PYTHON:-python}" -c 'import sys; print(sys.executable)')
copy=${1:-$(mktemp -d)/shop}
PYTHONPATH="$here/../..${PYTHONPATH:+:$PYTHONPATH}"; export PYTHONPATH   # where nothing is installed

say() { printf '\n%s\n' "$*"; }

# ends CODE ARGUMENTS...: show a command, run it, and stop where it ends with another exit code.
ends() {
    expected=$1; shift
    echo "\$ python $*"
    code=0; "$PYTHON" "$@" || code=$?
    [ "$code" = "$expected" ] || { echo "ended with exit code $code, not $expected" >&2; exit 1; }
}

mkdir -p "$(dirname "$copy")"
cp -R "$here" "$copy"
cd "$copy"
contract="--contract gx/pipeline.yml"

say "0. A warehouse in which order_totals lacks three dates: $PWD"
ends 0 make_warehouse.py
say "1. The shop's own checkpoint passes: every row that is there is right."
ends 0 nightly.py
say "2. The contract's suites are written beside the shop's own, and the project gets what they need."
ends 0 -m checkpoints suites $contract
say "   Nothing of the shop's great_expectations.yml was changed; lines were added to it:"
diff "$here/gx/great_expectations.yml" gx/great_expectations.yml | cut -c 1 | grep '[<>]' | sort | uniq -c || true
say "3. The cross-layer checkpoint fails (exit code 1): three dates are missing."
ends 1 -m checkpoints run $contract --as-of 2024-05-01
say "4. The shop's own checkpoint runs as before, by Great Expectations alone."
ends 0 nightly.py
say "5. All suites of the project, as a notebook loads them."
ends 0 suites.py
say "Pages: $PWD/gx/uncommitted/data_docs, local_site as before and cross_layer beside it"
