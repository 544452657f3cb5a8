#!/bin/sh
# Runs the contract suite for Milvus against a real Milvus 2.3.5, in a network namespace of its own: that server binds nine ports on all interfaces.
# Needs root (for the namespace), iproute2, and Python with pip; the server is installed into a throw-away environment, never into the project's.
# Usage: tests/contract/with_real_milvus.sh [pytest arguments]
set -eu
cd "$(dirname "$0")/../.."
home="${XDG_CACHE_HOME:-$HOME/.cache}/aegis/real-milvus"
if [ -z "${AEGIS_IN_NAMESPACE:-}" ]; then
    [ "$(id -u)" = 0 ] || { echo "needs root: a network namespace keeps the server's ports off the machine's interfaces" >&2; exit 2; }
    if [ ! -x "$home/bin/milvus-server" ]; then
        echo "installing milvus 2.3.5 into $home"
        .venv/bin/python -m venv "$home"
        "$home/bin/pip" install -q milvus==2.3.5
    fi
    AEGIS_IN_NAMESPACE=1 exec unshare --net --pid --fork --kill-child "$0" "$@"
fi
ip link set lo up
data="$(mktemp -d)"
trap 'kill "$server" 2>/dev/null || true; rm -rf "$data"' EXIT
"$home/bin/milvus-server" --data "$data" >"$data.log" 2>&1 &
server=$!
export AEGIS_TEST_REAL_MILVUS=http://127.0.0.1:19530
tries=0
until .venv/bin/python -c "from pymilvus import MilvusClient; MilvusClient('$AEGIS_TEST_REAL_MILVUS', timeout=5).list_collections()" >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || { echo "Milvus did not answer; its log: $data.log" >&2; exit 1; }
    sleep 2
done
echo "Milvus 2.3.5 answers"
.venv/bin/python -m pytest tests/contract -k milvus_real "$@"
