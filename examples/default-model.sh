#!/usr/bin/env bash
# Make the model that comes with mere anew: data, training, export, calibration, card. `make default-model` calls this.
#
#   MERE_DATA  folder with the folder smiler in it
#   RUN        folder for what is made on the way; an interrupted training goes on there
#   COUNT      generated sentences a language to train on
#   HELD_OUT   sentences a language from patterns left out of training, which scores are fitted to
#   OUTPUT     folder of the model, replaced at the end if the export loses no more than it may
set -euo pipefail
cd "$(dirname "$0")/.."

corpus=${MERE_DATA:-../shared/data}/smiler
run=${RUN:-runs/default}
output=${OUTPUT:-src/mere/default_model}
mere=.venv/bin/mere

shopt -s nullglob
train=("$corpus"/*_corpora_train.tsv)
dev=("$corpus"/*_corpora_dev.tsv)
if [ ${#train[@]} -eq 0 ] || [ ${#dev[@]} -eq 0 ]; then
    echo "SMiLER is not in $corpus; name the folder that holds its folder smiler: MERE_DATA=FOLDER" >&2
    exit 1
fi

mkdir -p "$run"
languages=(ar de en es fa fr it ko nl pl pt ru sv uk)
trap 'echo "to train anew: rm -r $run" >&2' ERR

generate() { # FILE SEED COUNT OPTION…
    $mere data generate "${languages[@]}" --hold-out 0.1 --tokenised 0.3 --output "$1" --seed "$2" --count "$3" "${@:4}"
}

generate "$run/patterns.jsonl" 1 "${COUNT:-450}" --negatives 0.2
$mere train default "${train[@]/#/--train=}" --train "$run/patterns.jsonl" "${dev[@]/#/--dev=}" --output "$run/training"

generate "$run/held-out.jsonl" 9 "${HELD_OUT:-60}" --only-held-out --negatives 0.5
$mere export "$run/training/model" "${dev[@]}" --compact --output "$run/compact"
$mere calibrate "$run/compact" "${dev[@]}" "$run/held-out.jsonl" --output "$output"
.venv/bin/python benchmarks/quality.py "$output" --dev "${dev[@]}" --card examples/default-model.md
du -sh "$output"
