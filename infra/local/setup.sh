#!/bin/sh
# What must be there before infra/local can run: system packages and .venv. Runs on a bare Debian or Ubuntu; does nothing (in well under a second) when all is there.
set -eu
cd "$(dirname "$0")/../.."

START=$(date +%s)
say() { printf '[%5d s] %s\n' "$(($(date +%s) - START))" "$1" >&2; }

# --- system packages -------------------------------------------------------------------------------------------------------------------------------------

find_python() { # the first python of 3.11 to 3.13 that can make environments
    for candidate in python3.13 python3.12 python3.11 python3; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
}

have_jdk() { # one of at least 21, with its compiler
    for home in "${JAVA_HOME:-}" /usr/lib/jvm/*; do
        if [ -x "$home/bin/javac" ] && [ -f "$home/release" ]; then
            version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$home/release")
            [ "${version:-0}" -ge 21 ] && return 0
        fi
    done
    return 1
}

have_postgres() {
    for program in /usr/lib/postgresql/*/bin/postgres; do
        [ -x "$program" ] && [ "$(basename "$(dirname "$(dirname "$program")")")" -ge 15 ] && return 0
    done
    command -v postgres >/dev/null 2>&1
}

missing_packages() {
    [ -n "$(find_python)" ] || printf ' python3 python3-venv'
    have_postgres || printf ' postgresql'
    command -v redis-server >/dev/null 2>&1 || printf ' redis-server'
    command -v mvn >/dev/null 2>&1 || printf ' maven'
    have_jdk || printf ' JDK'
}

newest_jdk_package() { # what apt has: Debian 13 and Ubuntu 22.04 have 21, later ones 25; Debian 12 has neither
    for version in 25 21; do
        if apt-cache show "openjdk-$version-jdk-headless" >/dev/null 2>&1; then
            echo "openjdk-$version-jdk-headless"
            return
        fi
    done
}

install_packages() {
    wanted=$1
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "error: missing:$wanted. This is no Debian or Ubuntu: install them (JDK: 21 or newer; PostgreSQL: 15 or newer), then run again" >&2
        exit 1
    fi
    if [ "$(id -u)" = 0 ]; then
        as_root=""
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        as_root="sudo"
    else
        named=$(echo "$wanted" | sed 's/JDK/openjdk-21-jdk-headless/')
        echo "error: missing:$wanted. Run this, then start again:" >&2
        echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends$named" >&2
        exit 1
    fi
    say "installing$wanted"
    $as_root apt-get update -qq >&2
    case $wanted in *JDK*)
        jdk=$(newest_jdk_package)
        if [ -z "$jdk" ]; then
            echo "error: no JDK of version 21 or newer is installed, and apt has none (Debian 12 has 17 only)." >&2
            echo "Install one (for example Eclipse Temurin) below /usr/lib/jvm, or set JAVA_HOME to one, then run again" >&2
            exit 1
        fi
        wanted=$(echo "$wanted" | sed "s/JDK/$jdk/")
        ;;
    esac
    # The servers run under our own supervisor: the distribution must neither make a cluster nor start a service.
    if [ ! -e /etc/postgresql-common/createcluster.conf ] && [ "${wanted#*postgresql}" != "$wanted" ]; then
        $as_root mkdir -p /etc/postgresql-common
        echo 'create_main_cluster = false' | $as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
    fi
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $wanted >&2
    case $wanted in *redis-server*)
        if command -v systemctl >/dev/null 2>&1; then $as_root systemctl disable --now redis-server >/dev/null 2>&1 || say "the distribution's redis service stays as it is"; fi
        ;;
    esac
}

wanted=$(missing_packages)
if [ -n "$wanted" ]; then
    install_packages "$wanted"
fi
python=$(find_python)
if [ -z "$python" ]; then
    echo "error: no Python from 3.11 to 3.13 with venv: install one (python3 and python3-venv), then run again" >&2
    exit 1
fi

# --- the Python environment ------------------------------------------------------------------------------------------------------------------------------

# the stamp holds what .venv was made from
fingerprint=$(cat requirements.lock pyproject.toml | sha256sum | cut -d' ' -f1)
if [ -x .venv/bin/python ] && [ "$(cat .venv/.aegis-setup 2>/dev/null)" = "$fingerprint" ]; then
    exit 0
fi
say "setting up .venv with $($python --version)"
if ! .venv/bin/python -c 'import pip' 2>/dev/null; then
    rm -rf .venv
    "$python" -m venv .venv
fi
if command -v uv >/dev/null 2>&1; then
    VIRTUAL_ENV="$PWD/.venv" uv pip install -q --compile-bytecode --require-hashes -r requirements.lock
else
    .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
fi
.venv/bin/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
echo "$fingerprint" > .venv/.aegis-setup
say ".venv is ready"
