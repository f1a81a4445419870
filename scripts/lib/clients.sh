# shellcheck shell=bash
# Runs the programs of test/clients against a server of their own. Sourced after common.sh and private.sh by
# scripts/test-clients and scripts/test; test/clients/README.md says what the programs print.
# shellcheck disable=SC2034,SC2154  # what is unused here is for the scripts; what is not assigned, in the others

clients=$root/test/clients
client_build=$root/build/clients
all_languages=(python langchain node go java rust)

# After build_extension: the extension by its name for programs of pgvector.
install_drop_in() { make -C "$extension" install-compat PG_CONFIG="$copy_config"; }

# With a role like an application's, which owns its database and is no superuser; client_role_option, if set, is one of
# CREATE ROLE.
start_client_server() {
    pg_bin=$workspace/postgres$pg_bin
    start_server "fsync = off"
    "$pg_bin/psql" -X -q -d postgres -c "SET client_min_messages = warning" \
        -c "DROP DATABASE IF EXISTS app WITH (FORCE)" -c "DROP ROLE IF EXISTS app" -c "CREATE ROLE app LOGIN ${client_role_option:-}"
}

# run_client COMMAND...: the program, the last word of the command, in an empty database that PG* variables lead to. A
# program that ends badly without a word about it has failed too.
run_client() {
    "$pg_bin/psql" -X -q -d postgres -c "SET client_min_messages = warning" \
        -c "DROP DATABASE IF EXISTS app WITH (FORCE)" -c "CREATE DATABASE app OWNER app"
    local status=0 output=$workspace/client.out
    env PGUSER=app PGDATABASE=app timeout 300 "$@" | tee "$output" || status=$?
    if [ "$status" != 0 ] && ! grep -q '^not ok' "$output"; then
        grep -q '^# client: ' "$output" || echo "# client: $(basename "${!#}") | not started"
        echo "not ok 99 - $(basename "${!#}"): ended with status $status"
    fi
    client_status=$((client_status | status))
}

# skip LANGUAGE REASON: what cannot be run here.
skip() { echo "ok 1 - $1 # SKIP $2"; }

# fetched LANGUAGE COMMAND...: whether COMMAND, which asks a registry, succeeded; if not, skips. Three attempts.
fetched() {
    local language=$1 log=$logs/clients-fetch.log attempt
    shift
    mkdir -p "$logs"
    for attempt in 1 2 3; do
        "$@" >"$log" 2>&1 </dev/null && return 0
        [ "$attempt" = 3 ] || sleep 2
    done
    cat "$log"
    skip "$language" "no packages: $(grep -iE 'error|failed|could not' "$log" | head -n 1 | cut -c 1-200)"
    return 1
}

# has LANGUAGE PROGRAM...: whether they are there; if not, skips.
has() {
    local language=$1 program
    shift
    for program in "$@"; do
        if ! command -v "$program" >/dev/null; then
            skip "$language" "no $program"
            return 1
        fi
    done
}

# run_clients LANGUAGE: fetches, builds and runs; what it prints is TAP. Returns 0 if nothing failed.
run_clients() {
    local client_status=0
    mkdir -p "$client_build/$1"
    "clients_in_$1" "$1" || return
    return "$client_status"
}

# A virtual environment of Debian's Python: packages of another one on the PATH are not ours.
python_environment() { # LANGUAGE REQUIREMENTS
    local folder=$client_build/$1 python=/usr/bin/python3
    [ -x "$python" ] || python=$(command -v python3) || python=
    if [ -z "$python" ] || ! "$python" -c 'import ensurepip' 2>/dev/null; then
        skip "$1" "no python3 with venv"
        return 1
    fi
    cmp -s "$clients/python/$2" "$folder/requirements.txt" && "$folder/bin/python" -c '' && return
    rm -rf "$folder"
    "$python" -m venv "$folder"
    fetched "$1" "$folder/bin/pip" install --disable-pip-version-check -r "$clients/python/$2" || return
    cp "$clients/python/$2" "$folder/requirements.txt"
}

run_python() { # LANGUAGE PROGRAM
    run_client env PYTHONDONTWRITEBYTECODE=1 "$client_build/$1/bin/python" "$clients/python/$2"
}

clients_in_python() {
    python_environment python requirements.txt || return 0
    local program
    for program in psycopg asyncpg sqlalchemy django; do
        run_python python "${program}_client.py"
    done
}

clients_in_langchain() {
    python_environment langchain requirements-langchain.txt || return 0
    run_python langchain langchain_client.py
}

# Built in a copy: npm, go, mvn and cargo write beside the sources.
copy_sources() { # LANGUAGE
    local folder=$client_build/$1
    mkdir -p "$folder"
    tar -C "$clients/$1" -cf - . | tar -C "$folder" -xf -
    cd "$folder" || return
}

clients_in_node() (
    has node node npm || return 0
    copy_sources node
    cmp -s package-lock.json node_modules/.lock || {
        fetched node npm ci --no-audit --no-fund || return 0
        cp package-lock.json node_modules/.lock
    }
    for program in pg knex drizzle; do
        run_client node "$program.mjs"
    done
    return "$client_status"
)

clients_in_go() (
    has go go || return 0
    copy_sources go
    fetched go go mod download || return 0
    go build -o pgx_client . || return
    run_client ./pgx_client
    return "$client_status"
)

clients_in_java() (
    has java java mvn || return 0
    copy_sources java
    fetched java mvn -B -q dependency:go-offline || return 0
    # In a file: it prints escape sequences even if quiet.
    quietly clients-mvn mvn -B -q -o package || return
    run_client java -jar target/client.jar
    return "$client_status"
)

clients_in_rust() (
    has rust cargo || return 0
    copy_sources rust
    fetched rust cargo fetch --locked || return 0
    cargo build --offline --locked --quiet || return
    for program in tokio_postgres_client sqlx_client; do
        run_client "target/debug/$program"
    done
    return "$client_status"
)
