#!/bin/sh
# Carries out the plan that a person has approved, once:
#   echo 7e6114cb9830 > gx/uncommitted/approved
# Does nothing where none is. A repair that was interrupted, or left dates missing (exit 4), goes on when
# its plan is approved again.
approved=gx/uncommitted/approved
[ -s "$approved" ] || exit 0
plan=$(cat "$approved") && rm "$approved" || exit 3
exec python -m remediation run --yes --plan "gx/uncommitted/plans/$plan.json" "$@"
