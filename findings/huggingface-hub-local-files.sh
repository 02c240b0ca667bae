#!/usr/bin/env bash
# huggingface_hub 2.4.0: with local_files_only=True a file that lies in the cache still costs a look-up of a host.
#
# Behaviour: before `hf_hub_download` looks into the cache it makes up the User-Agent for its request, and for that asks
# the hub for a list, once a process, unless a copy not older than a day is there. `local_files_only` does not reach
# that place; the environment variable HF_HUB_OFFLINE does. `snapshot_download` asks for nothing.
# Expected: `local_files_only=True` makes no network call.
# Seen on 2026-11-30 (look-ups of a host, which the script refuses; the file comes from the cache each time):
#     hf_hub_download, local_files_only=True: 1
#     hf_hub_download, local_files_only=True, HF_HUB_OFFLINE=1: 0
#     snapshot_download, local_files_only=True: 0
# What mere does: while it loads a backbone that must not be downloaded it also holds the library offline
# (`mere.nn.backbones`).
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check huggingface_hub==2.4.0
cat >look_ups.py <<'PYTHON'
import os
import sys
from pathlib import Path

look_ups = []


def refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("socket.getaddrinfo", "socket.connect"):
        look_ups.append(event)
        raise OSError("no network here")


sys.addaudithook(refuse)
os.environ["HF_HOME"] = os.getcwd()

from huggingface_hub import hf_hub_download, snapshot_download

commit = "a" * 40
model = Path("hub/models--nobody--toy")
(model / "refs").mkdir(parents=True, exist_ok=True)
(model / "refs/main").write_text(commit)
(model / "snapshots" / commit).mkdir(parents=True, exist_ok=True)
(model / "snapshots" / commit / "config.json").write_text("{}")
if sys.argv[1] == "file":
    path = Path(hf_hub_download("nobody/toy", "config.json", local_files_only=True))
else:
    path = Path(snapshot_download("nobody/toy", local_files_only=True)) / "config.json"
assert path.read_text() == "{}"
print(len(look_ups))
PYTHON
unset HF_HUB_OFFLINE TRANSFORMERS_OFFLINE
file=$(venv/bin/python look_ups.py file)
offline=$(HF_HUB_OFFLINE=1 venv/bin/python look_ups.py file)
snapshot=$(venv/bin/python look_ups.py snapshot)
echo "hf_hub_download, local_files_only=True: $file"
echo "hf_hub_download, local_files_only=True, HF_HUB_OFFLINE=1: $offline"
echo "snapshot_download, local_files_only=True: $snapshot"
if [ "$file $offline $snapshot" != "1 0 0" ]; then
    echo "changed: other look-ups" >&2
    exit 1
fi
