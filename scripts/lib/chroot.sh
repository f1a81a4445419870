# shellcheck shell=bash
# Debian of another release in a folder, for a PostgreSQL that this machine's packages do not have. Sourced after common.sh.
# shellcheck disable=SC2154  # what is not assigned here is common.sh's

# The release of Debian that has PostgreSQL $1.
release_with_postgres() {
    case $1 in
        13) echo bullseye ;;
        15) echo bookworm ;;
        17) echo trixie ;;
        18) echo sid ;;
        *) die "no release of Debian has PostgreSQL $1: name one that is installed by PG_CONFIG" ;;
    esac
}

# Whether the packages of this machine offer PostgreSQL $1.
offers_postgres() {
    [ -x "/usr/lib/postgresql/$1/bin/postgres" ] && return
    command -v apt-cache >/dev/null && apt-cache show "postgresql-server-dev-$1" >/dev/null 2>&1
}

# Folders of chroots outlast the checkout: they serve each run, and each checkout of the user.
chroot_folder() { echo "${XDG_CACHE_HOME:-$HOME/.cache}/vectorx/chroot/$1"; }

# Runs a command with mounts of its own, which end with its last process: even a kill leaves none behind.
with_own_mounts() { unshare --mount --propagation private -- "$@"; }

# make_chroot RELEASE [NAME]: sets `chroot` to the folder of a bare Debian; what an earlier run installed there is kept.
make_chroot() {
    local release=$1 part
    [ "$(id -u)" = 0 ] || die "needs root, which debootstrap, chroot and mount ask for: run it by sudo"
    with_own_mounts true || die "may not mount anything here: a container needs to be privileged for this"
    chroot=$(chroot_folder "${2:-$release}")
    [ ! -d "$chroot" ] || return 0
    install_packages debootstrap
    step "Fetching Debian $release into $chroot"
    part=$chroot.part
    mkdir -p "${chroot%/*}"
    rm -rf --one-file-system "$part"
    # Its default mirror is that of this machine, if it is Debian.
    quietly debootstrap with_own_mounts debootstrap --variant=minbase --include=ca-certificates "$release" "$part" \
        ${VECTORX_MIRROR:+"$VECTORX_MIRROR"}
    # What is stable gets security updates, as on a user's machine.
    [ "$release" = sid ] || sed -n 's,^deb \(.*/debian\)/* '"$release"' main.*,deb \1-security '"$release"'-security main,p' \
        "$part/etc/apt/sources.list" >"$part/etc/apt/sources.list.d/security.list"
    # No package that is installed there starts a service.
    printf '#!/bin/sh\nexit 101\n' >"$part/usr/sbin/policy-rc.d"
    chmod 755 "$part/usr/sbin/policy-rc.d"
    mv "$part" "$chroot"
}

# Copies the checkout, but for what is built, to a place of its own in the chroot, and sets `inside` to that; what was built
# there is kept: each checkout has its place, as make compares times. Other runs wait till this one ends.
copy_checkout_to_chroot() {
    local there lock
    exec {lock}>"$chroot.lock"
    flock "$lock"
    inside=/src/$(printf '%s' "$root" | cksum | cut -d ' ' -f 1)/vectorx
    there=$chroot$inside
    mkdir -p "$there"
    find "$there" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf --one-file-system {} +
    tar -C "$root" --exclude=./build --exclude=./.git --exclude='*.o' --exclude='*.so' --exclude='*.d' -cf - . |
        tar -C "$there" --no-same-owner -xf -
}

# Variables that go along, if they are set.
chroot_environment=()

# in_chroot COMMAND...: runs it as root in the chroot, in the copy of the checkout if there is one. A folder `shared` beside
# the checkout can be read beside the copy too.
inside=/
in_chroot() {
    local shared=$root/../shared there=$chroot${inside%/*}/shared file
    mkdir -p "$there"
    for file in /etc/resolv.conf /etc/hosts; do
        [ ! -e "$file" ] || cat "$file" >"$chroot$file"
    done
    # The machine's way to the packages.
    apt-config dump Acquire 2>/dev/null | grep -iE '^Acquire::(http|https)::Proxy' >"$chroot/etc/apt/apt.conf.d/00proxy" || true
    [ -d "$shared" ] || shared=
    local environment=(HOME=/root LC_ALL=C.UTF-8 TERM="${TERM:-dumb}" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)
    for file in CI http_proxy https_proxy no_proxy "${chroot_environment[@]}"; do
        [ -z "${!file:-}" ] || environment+=("$file=${!file}")
    done
    # shellcheck disable=SC2016  # for the inner shells
    with_own_mounts bash -euc '
        chroot=$1 shared=$2 there=$3 inside=$4
        shift 4
        mount -t proc proc "$chroot/proc"
        mount --rbind /sys "$chroot/sys"
        mount --rbind /dev "$chroot/dev"
        mount -t tmpfs -o mode=1777 tmpfs "$chroot/dev/shm"
        [ -z "$shared" ] || mount --bind -o ro "$shared" "$there"
        exec chroot "$chroot" env -i --chdir="$inside" "$@"' bash "$chroot" "$shared" "$there" "$inside" "${environment[@]}" "$@"
}
