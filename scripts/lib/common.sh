# shellcheck shell=bash
# What scripts/quickstart and scripts/test share: packages, PostgreSQL's place, a folder and a server of their own.
# Sourced, never run. Sets `root`, the root of the checkout; the functions set the variables that their comments name.
# shellcheck disable=SC2034  # what is unused here is for the scripts

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# Nothing of the caller's environment may lead a client to another server, or change a message that a script reads.
unset PGHOST PGHOSTADDR PGPORT PGUSER PGPASSWORD PGDATABASE PGDATA PGSERVICE PGOPTIONS PGSSLMODE PGTZ PGDATESTYLE
export LC_ALL=C.UTF-8

# The server's user, who may not be ours, reads what we build.
umask 022

jobs=$(nproc)
logs=$root/build/log

step() { printf '==> %s\n' "$*"; }
warn() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
    warn "$*"
    exit 1
}

# quietly NAME COMMAND...: runs COMMAND with its output in build/log/NAME.log; shows the log's end if it fails.
quietly() {
    local log=$logs/$1.log
    shift
    mkdir -p "$logs"
    "$@" >"$log" 2>&1 </dev/null && return
    local status=$?
    tail -n 40 "$log" >&2
    warn "failed: $* (the whole output is in $log)"
    return $status
}

seconds_since() { awk -v from="$1" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f", to - from }'; }

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        warn "needs root, or sudo, for: $*"
        return 1
    fi
}

# ---------------------------------------------------------------- packages

package_installed() { dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed; }

apt_get() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -q "$@"; }

# Once a run, and only if something is missing: a bare system has no package lists at all.
package_lists_fresh=
update_package_lists() {
    [ -z "$package_lists_fresh" ] || return 0
    step "Fetching the package lists"
    quietly apt-update apt_get update
    package_lists_fresh=yes
}

# install_packages PACKAGE...: installs those that are missing. Elsewhere than on Debian it trusts the tools to be there.
install_packages() {
    command -v dpkg-query >/dev/null && command -v apt-get >/dev/null || return 0
    local package missing=()
    for package in "$@"; do
        package_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    update_package_lists
    step "Installing ${missing[*]}"
    # A changed configuration file must not raise dpkg's question.
    quietly apt-install apt_get install -y --no-install-recommends -o Dpkg::Options::=--force-confold "${missing[@]}"
}

# The same for packages that not every release of the distribution has.
install_if_offered() {
    local package
    command -v apt-cache >/dev/null || return 0
    for package in "$@"; do
        if apt-cache show "$package" >/dev/null 2>&1; then
            install_packages "$package"
        fi
    done
}

# The tests start one of their own; Debian's package starts another as a service.
install_pgbouncer() {
    if package_installed pgbouncer; then
        return
    fi
    install_if_offered pgbouncer
    if [ -d /run/systemd/system ] && package_installed pgbouncer; then
        as_root systemctl --quiet disable --now pgbouncer
    fi
}

# ---------------------------------------------------------------- PostgreSQL

installed_postgres_version() {
    local binary
    for binary in /usr/lib/postgresql/*/bin/postgres; do
        if [ -x "$binary" ]; then
            basename "${binary%/bin/postgres}"
        fi
    done | sort -n | tail -n 1
}

# Installs PostgreSQL if it is missing, in version POSTGRES_VERSION or the distribution's, without a cluster that starts by
# itself.
install_postgres_packages() {
    local version=${POSTGRES_VERSION:-} drop_in=/etc/postgresql-common/createcluster.d/vectorx.conf
    [ -n "$version" ] || version=$(installed_postgres_version)
    if [ -n "$version" ] && [ -x "/usr/lib/postgresql/$version/bin/postgres" ]; then
        install_packages "postgresql-server-dev-$version"
    else
        apt-cache show postgresql >/dev/null 2>&1 || update_package_lists
        [ -n "$version" ] ||
            version=$(apt-cache depends postgresql | sed -n 's/^ *Depends: postgresql-\([0-9]*\)$/\1/p')
        [ -n "$version" ] || die "no package postgresql in the package lists"
        install_packages postgresql-common
        as_root mkdir -p "${drop_in%/*}"
        echo "create_main_cluster = false" | as_root tee "$drop_in" >/dev/null
        install_packages "postgresql-$version" "postgresql-server-dev-$version" || {
            as_root rm -f "$drop_in"
            return 1
        }
        as_root rm -f "$drop_in"
    fi
    PG_CONFIG=/usr/lib/postgresql/$version/bin/pg_config
}

# Sets PG_CONFIG and pg_bin. A PG_CONFIG in the environment decides; else the newest server that is installed.
find_postgres() {
    if [ -z "${PG_CONFIG:-}" ]; then
        if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
            install_postgres_packages
        else
            PG_CONFIG=$(command -v pg_config) || die "no pg_config: install PostgreSQL 14 or later with its server headers"
        fi
    fi
    [ -x "$PG_CONFIG" ] || die "PG_CONFIG=$PG_CONFIG is not a program"
    export PG_CONFIG
    pg_bin=$("$PG_CONFIG" --bindir)
    [ -x "$pg_bin/postgres" ] || die "$pg_bin has no server"
    [ -f "$("$PG_CONFIG" --pgxs)" ] || die "$PG_CONFIG knows no PGXS: install the server's development files"
    pg_version=$("$PG_CONFIG" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
    [ "$pg_version" -ge 14 ] || die "PostgreSQL $pg_version is too old: vectorx needs 14 or later"
}

psql_quietly() { "$pg_bin/psql" -X -q -v ON_ERROR_STOP=1 "$@"; }

# ---------------------------------------------------------------- a folder and a server of our own

# PostgreSQL refuses to run as root, so a root shell lends its server to an unprivileged user.
server_user=$(id -un)
if [ "$(id -u)" = 0 ]; then
    server_user=nobody
fi

choose_server_user() {
    if [ "$(id -u)" = 0 ] && id postgres >/dev/null 2>&1; then
        server_user=postgres
    fi
}

# From /, as the server's user may not be allowed into the caller's folder.
as_server_user() {
    if [ "$(id -u)" = 0 ]; then
        (cd / && exec runuser -u "$server_user" -- env HOME="$workspace" "$@")
    else
        (cd / && exec "$@")
    fi
}

# Whether the server's user can work in $1 and put a socket there (whose path may have 107 bytes).
usable_workspace() {
    local workspace=$1
    [[ ${#1} -le 90 && $1 =~ ^[A-Za-z0-9/._+-]+$ ]] && as_server_user test -r "$1" -a -w "$1" -a -x "$1"
}

give_workspace() {
    if [ "$(id -u)" = 0 ]; then
        chown "$server_user": "$workspace"
    fi
    chmod 700 "$workspace"
}

# Sets workspace: build/NAME, or a folder under /var/tmp if the server's user cannot use that; build/NAME.location then
# says where. Only its owner and root get in, so the server in it needs no passwords.
open_workspace() {
    local location=$root/build/$1.location
    choose_server_user
    workspace=$root/build/$1
    mkdir -p "$workspace"
    give_workspace
    usable_workspace "$workspace" && return
    rmdir "$workspace" 2>/dev/null || true
    workspace=$(cat "$location" 2>/dev/null || true)
    if [ -z "$workspace" ] || [ ! -d "$workspace" ]; then
        workspace=$(mktemp -d "/var/tmp/vectorx-$1.XXXXXX")
        echo "$workspace" >"$location"
    fi
    give_workspace
}

# Sets workspace to that of an earlier run; false if there is none.
find_workspace() {
    local location=$root/build/$1.location
    choose_server_user
    workspace=$root/build/$1
    [ ! -f "$location" ] || workspace=$(cat "$location")
    [ -d "$workspace" ]
}

remove_workspace() {
    rm -rf "$workspace" "$root/build/$1.location"
}

# start_server [SETTING...]: starts a server in the workspace that listens on no network, with its socket there too;
# clients find it through PGHOST and PGUSER. Keeps the data directory of an earlier run. NAME=VALUE pairs in
# server_environment go into the server's environment.
server_environment=()
start_server() {
    local data=$workspace/data
    stop_server || return
    if [ "$(cat "$data/PG_VERSION" 2>/dev/null)" != "$pg_version" ]; then
        rm -rf "$data"
        quietly initdb as_server_user "$pg_bin/initdb" -D "$data" -U postgres --auth=trust --no-locale --encoding=UTF8
    fi
    {
        printf "%s\n" "listen_addresses = ''" "unix_socket_directories = '$workspace'" "port = 5432" "$@"
        # Parallel builds then share memory that the server already holds; containers often have a /dev/shm of 64 MB.
        printf "min_dynamic_shared_memory = 128MB\n"
    } | as_server_user tee "$data/vectorx.conf" >/dev/null
    grep -qx "include 'vectorx.conf'" "$data/postgresql.conf" ||
        echo "include 'vectorx.conf'" | as_server_user tee -a "$data/postgresql.conf" >/dev/null
    if ! quietly server-start as_server_user env "${server_environment[@]}" "$pg_bin/pg_ctl" -D "$data" \
        -l "$workspace/server.log" -w -t 120 start; then
        tail -n 20 "$workspace/server.log" >&2
        return 1
    fi
    export PGHOST=$workspace PGPORT=5432 PGUSER=postgres
}

# Stops the workspace's server if it runs, with the pg_ctl of the installation that started it.
stop_server() {
    local postmaster
    read -r postmaster _ 2>/dev/null <"$workspace/data/postmaster.opts" || return 0
    as_server_user "${postmaster%/*}/pg_ctl" -D "$workspace/data" status >/dev/null 2>&1 || return 0
    quietly server-stop as_server_user "${postmaster%/*}/pg_ctl" -D "$workspace/data" -m fast -w -t 120 stop
}

# ---------------------------------------------------------------- the extension

# The version, which vectorx.control holds.
control_version() { sed -n "s/^default_version = '\(.*\)'/\1/p" "$root/vectorx.control"; }

# What building needs besides PostgreSQL.
build_packages=(g++ make libxsimd-dev libeigen3-dev)

check_source_path() {
    [[ $root != *[[:space:]]* ]] || die "make cannot build in a path with spaces: $root"
}

# install_extension FOLDER: make install of what has been built there, as root only if the place demands it.
install_extension() {
    local as=()
    [ -w "$("$PG_CONFIG" --pkglibdir)" ] && [ -w "$("$PG_CONFIG" --sharedir)/extension" ] || as=(as_root)
    quietly install "${as[@]}" make -C "$1" install PG_CONFIG="$PG_CONFIG"
}
