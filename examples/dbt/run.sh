#!/bin/sh
# From a dbt project to a verdict, a repair and a verdict again: sh examples/dbt/run.sh
# In a copy of this folder, which may be named: sh … FOLDER. Another Python: PYTHON=… sh …
set -eu
here=$(cd "$(dirname "$0")" && pwd)
PYTHON=$("${PYTHON:-python}" -c 'import sys; print(sys.executable)')
export PYTHON                      # the contract's command is run with it too
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
today="--as-of 2024-05-01"

say "1. The models are built night by night; three nights of April did not run: $PWD"
ends 0 load.py
ends 0 build.py 2024-03-01 2024-04-09
ends 0 build.py 2024-04-13 2024-04-30
say "2. A contract from dbt's manifest and the warehouse; nothing is asked."
ends 0 -m checkpoints init --from-dbt manifest.json --warehouse duckdb:///warehouse.duckdb --yes
say "   Added by hand: the command that rebuilds dates, and the models that it builds."
sed 's/{layer: marts,/{layer: marts, service: build,/' gx/pipeline.yml > edited.yml
cat edited.yml service.yml > gx/pipeline.yml
rm edited.yml
say "3. Suites, and the verdict: three dates are missing (exit code 1)."
ends 0 -m checkpoints suites
ends 1 -m checkpoints run $today
say "4. The plan: what lacks is asked for, and no other date."
ends 0 -m remediation plan -v
say "5. One date first, then the others; each is looked at in the tables."
ends 0 -m remediation run --yes $today
say "6. The checkpoint passes (exit code 0)."
ends 0 -m checkpoints run $today
