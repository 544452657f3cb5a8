#!/bin/bash
# Runs a command against the stack with all its connectors, and leaves the stack as it was: up if it was up, else stopped again.
set -euo pipefail
cd "$(dirname "$0")/../.."

stack=(.venv/bin/python -m infra.local)
stop_quietly() { # the command's own last lines stay the last ones
    "${stack[@]}" down >.run/logs/down.log 2>&1 || cat .run/logs/down.log >&2
}
if ! "${stack[@]}" running; then
    trap stop_quietly EXIT
fi
"${stack[@]}" up --workers "${WORKERS:-1}"
.venv/bin/aegis connect apply
"$@"
