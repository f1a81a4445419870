# shellcheck shell=bash
# Makes the Python environment of the benchmarks under build/. Sourced by the programs of this folder, after
# `set -euo pipefail`. Sets root, the root of the checkout, and python.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=$root/build/bench/venv
requirements=$root/bench/requirements.txt

# The copy of the requirements is written last, so an interrupted installation starts over.
if ! cmp -s "$requirements" "$venv/requirements.txt"; then
    echo "bench: installing Python packages into build/bench/venv" >&2
    rm -rf "$venv"
    mkdir -p "$(dirname "$venv")"
    "${PYTHON:-python3}" -m venv "$venv" || {
        echo "bench: python3 with the venv module is needed (Debian: apt-get install python3-venv)" >&2
        exit 1
    }
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
    cp "$requirements" "$venv/requirements.txt"
fi

export PYTHONPATH=$root/bench
# shellcheck disable=SC2034  # for the programs that source this
python=$venv/bin/python
