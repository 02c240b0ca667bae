#!/usr/bin/env bash
# Train a small model, then read sentences in eight languages with it. `make demo` calls this.
set -euo pipefail
cd "$(dirname "$0")/.."

# SMiLER, where it lies beside the project or in the folder MERE_DATA; else the sample corpus in the package.
shopt -s nullglob
config=quick
corpus=("${MERE_DATA:-../shared/data}"/smiler/*_corpora_train.tsv)
if [ ${#corpus[@]} -eq 0 ]; then
    config=examples/sample.toml
    corpus=(src/mere/data/sample/train.jsonl)
    echo "SMiLER is not here; 280 sentences of the sample corpus make a model that shows the way, not the quality."
fi

# An interrupted training goes on; a finished one is not repeated.
.venv/bin/mere train "$config" "${corpus[@]/#/--train=}" --output runs/demo || {
    echo "to train the demo's model anew: rm -r runs/demo" >&2
    exit 1
}
.venv/bin/mere extract --lines --model runs/demo/model examples/demo.txt
