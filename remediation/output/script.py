"""The calls of a plan as one bash script. Pure.

It runs where this package does not, so it cannot look at the tables: it stops at the first answer
that the contract does not accept, waits for a layer to settle before the next one is called, and
ends by saying how to prove what landed. It works in bash 3.2, and needs curl.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from checkpoints.contract.model import Contract, Service
from remediation.output.spelled import Spelled, afterwards, curl_options, spelled_calls
from remediation.plan.model import Plan
from remediation.service.answer import clean

HEAD = """\
#!/usr/bin/env bash
# {title}
# An answer proves nothing. When all calls were accepted, look at the tables:
#   {afterwards}
# To go on after a stop: START_AT=service/date bash THIS_FILE, the call at which it stopped.
set -euo pipefail

START_AT=${{START_AT:-}}
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT
"""

TOKEN = """
token='' audience='' fetched=0

# An identity token for an audience, fetched anew after 45 minutes: they live one hour.
# A person has none for an audience, so the one of who is logged in does.
authenticate() {
  if [[ -z $token || $audience != "$1" || $((SECONDS - fetched)) -gt 2700 ]]; then
    token=$(gcloud auth print-identity-token --audiences="$1" 2>/dev/null ||
      gcloud auth print-identity-token)
    audience=$1 fetched=$SECONDS
  fi
}
"""

CALL = """
# call ID ACCEPTED PACE AUDIENCE CURL-OPTIONS...
call() {
  local id=$1 accepted=$2 pace=$3 for_whom=$4 status header=''
  shift 4
  if [[ -n $START_AT && $START_AT != "$id" ]]; then return; fi
  START_AT=''
  if [[ -n $for_whom ]]; then
    authenticate "$for_whom"
    header="header = \\"Authorization: Bearer $token\\""
  fi
  echo "$id"
  # The token goes through standard input: a command line is seen by everybody.
  if ! status=$(curl --disable --config - --output "$answer" --write-out '%{http_code}' "$@" \\
    <<<"$header"); then
    echo "$id: no answer. It may be at work on it: look at the tables, then go on" >&2
    exit 1
  fi
  if [[ " $accepted " != *" $status "* ]]; then
    echo "$id: HTTP $status, which the contract does not accept:" >&2
    head -c 2000 "$answer" >&2
    echo >&2
    exit 1
  fi
  sleep "$pace"
}
"""

SETTLE = """
# settle SECONDS SERVICE: what the next calls need may take so long to show in the tables.
settle() {
  if [[ -n $START_AT ]]; then return; fi
  echo "waiting $1 s for $2 to settle"
  sleep "$1"
}
"""

FOOT = """
if [[ -n $START_AT ]]; then
  echo "START_AT=$START_AT is no call of this plan: nothing was sent" >&2
  exit 2
fi
echo {done}
echo {command}
"""


def shell_script(plan: Plan, contract: Contract) -> str:
    """A complete script that makes the calls of a plan in order.

    Raises:
        ServiceNotCallable: with every service that has no usable address.
    """
    return "".join(_parts(plan, contract))


def _parts(plan: Plan, contract: Contract) -> Iterator[str]:
    calls = spelled_calls(plan, contract)
    title = f"Plan {plan.short_id} of run {plan.run_id}: {len(calls)} calls."
    yield HEAD.format(title=clean(title), afterwards=afterwards(plan))
    yield TOKEN
    yield CALL
    yield from _calls(contract, calls)
    done = f"All {len(calls)} calls were accepted. That proves nothing: look at the tables with"
    yield FOOT.format(done=shlex.quote(done), command=shlex.quote(afterwards(plan)))


def _calls(contract: Contract, calls: list[Spelled]) -> Iterator[str]:
    dependent = {spelled.call.service for spelled in calls if spelled.call.depends_on}
    yield SETTLE if dependent else ""
    before = ""
    for spelled in calls:
        name = spelled.call.service
        if name != before:
            yield "\n"
            if before and name in dependent:
                yield _line("settle", f"{contract.services[before].settle_seconds:g}", before)
            before = name
        yield _line("call", *_arguments(spelled, contract.services[name]))


def _arguments(spelled: Spelled, service: Service) -> list[str]:
    accepted = " ".join(map(str, service.accepted))
    pace = f"{service.seconds_between_calls:g}"
    options = curl_options(spelled, service.timeout_seconds)
    return [spelled.call.id, accepted, pace, spelled.audience or "", *options]


def _line(*words: str) -> str:
    return shlex.join(words) + "\n"
