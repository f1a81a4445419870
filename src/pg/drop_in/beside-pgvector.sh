#!/bin/sh
# beside-pgvector.sh PKGLIBDIR EXTENSIONDIR: exits 1, and says why, if pgvector's own files are there.
theirs=
for file in "$1"/vector.so "$1"/vector.dylib "$1"/vector.dll "$2"/vector.control "$2"/vector--*.sql; do
    [ -e "$file" ] || continue
    case $file in
        *.control | *.sql) ! grep -q vectorx "$file" || continue ;;
    esac
    theirs="$theirs
  $file"
done
[ -z "$theirs" ] || {
    cat >&2 <<MESSAGE
pgvector is installed here, and both would be "vector":$(printf '%s\n' "$theirs" | head -n 4)
Remove pgvector first (its package, or \`make uninstall\` in its sources). While any database still uses it, keep it: vectorx
works beside it under its own name.
MESSAGE
    exit 1
}
