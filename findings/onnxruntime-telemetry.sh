#!/usr/bin/env bash
# onnxruntime 1.32.0 (the wheel for Linux): disable_telemetry_events() comes too late to keep the home folder untouched.
#
# Behaviour: the import alone writes a device id and a database below ~/.cache, which a call of
# `onnxruntime.disable_telemetry_events()`, the library's switch for it, cannot undo: it needs the import. The
# environment variable ORT_DISABLE_TELEMETRY, set before the import, does keep the home folder empty.
# Expected: nothing is written by an import, and nothing at all where the switch is the first thing that is called.
# Seen on 2026-11-30 (files below a home folder that was empty):
#     as it comes: 2 files
#     disable_telemetry_events() first: 2 files
#     ORT_DISABLE_TELEMETRY=1: 0 files
# What mere does: `mere.inference.processes.import_onnxruntime` sets the variable before the import.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check onnxruntime==1.32.0
files() { find "$1" -type f | wc -l; }
unset ORT_DISABLE_TELEMETRY XDG_CACHE_HOME
mkdir plain switched variable
HOME=$folder/plain venv/bin/python -c "import onnxruntime"
HOME=$folder/switched venv/bin/python -c "import onnxruntime; onnxruntime.disable_telemetry_events()"
HOME=$folder/variable ORT_DISABLE_TELEMETRY=1 venv/bin/python -c "import onnxruntime"
echo "as it comes: $(files plain) files"
echo "disable_telemetry_events() first: $(files switched) files"
echo "ORT_DISABLE_TELEMETRY=1: $(files variable) files"
if [ "$(files switched)" = 0 ] || [ "$(files variable)" != 0 ]; then
    echo "changed: the switch and the variable do otherwise" >&2
    exit 1
fi
