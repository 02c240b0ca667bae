#!/usr/bin/env bash
# torch 2.13.0 (CPU): with two threads the gradient of `stacked[index]` differs by run, of `index_select` never.
#
# Behaviour: where an index picks the same row many times, the backward pass of `[]` adds the gradients up in whatever
# order the threads come. Forward both ways give the same numbers; with one thread the gradients are always the same.
# Expected: on a CPU the same program gives the same bits, or `index_select` and `[]` behave alike.
# Seen on 2026-11-30 (different gradients among up to 50 runs; the second number varies from 2 to 3):
#     stacked[index], 1 thread: 1
#     stacked[index], 2 threads: 3
#     stacked.index_select(0, index), 2 threads: 1
# What mere does: the switcher picks a language's weights by `index_select`; a test trains with two threads and compares
# bit for bit.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check torch==2.13.0 numpy==2.4.6
venv/bin/python - <<'PYTHON'
import sys

import torch

generator = torch.Generator().manual_seed(1)
modules = [torch.randn(64, 48, generator=generator, requires_grad=True) for _ in range(8)]
index = torch.randint(0, len(modules), (256,), generator=generator)
upstream = torch.randn(256, 64, 48, generator=generator)


def different_gradients(threads: int, select: bool) -> int:
    torch.set_num_threads(threads)
    seen = set()
    for _ in range(50):
        stacked = torch.stack(modules)
        picked = stacked.index_select(0, index) if select else stacked[index]
        gradients = torch.autograd.grad((picked * upstream).sum(), modules)
        seen.add(torch.stack(gradients).numpy().tobytes())
        if len(seen) > 2:
            break
    return len(seen)


counts = different_gradients(1, False), different_gradients(2, False), different_gradients(2, True)
print(f"stacked[index], 1 thread: {counts[0]}")
print(f"stacked[index], 2 threads: {counts[1]}")
print(f"stacked.index_select(0, index), 2 threads: {counts[2]}")
if counts[0] != 1 or counts[1] == 1 or counts[2] != 1:
    sys.exit("changed: other gradients agree")
PYTHON
