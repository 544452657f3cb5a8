#!/bin/bash
# Runs a command against the stack with all connectors, and leaves the stack as it was: up if it was up, else stopped again.
set -euo pipefail
cd "$(dirname "$0")/../.."

stack=(.venv/bin/python -m infra.local)
if ! "${stack[@]}" running; then
    trap '"${stack[@]}" down >&2' EXIT
fi
"${stack[@]}" up --workers "${WORKERS:-1}"
.venv/bin/aegis connect apply
"$@"
