#!/usr/bin/env bash
# Make the model that comes with mere anew: data, training, calibration, export. `make default-model` calls this.
#
#   MERE_DATA  folder with the folder smiler in it
#   RUN        folder for what is made on the way; an interrupted training goes on there
#   CONFIG     configuration of the training
#   COUNT      sentences from patterns that are trained on, a language
#   HELD_OUT   sentences from patterns left out of training that scores are fitted to, a language
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
patterns=("${languages[@]}" --seed 1 --hold-out 0.1 --tokenised 0.3 --negatives 0.2)
$mere data generate "${patterns[@]}" --count "${COUNT:-450}" --output "$run/patterns.jsonl"
$mere data generate "${patterns[@]}" --count "${HELD_OUT:-100}" --only-held-out --output "$run/held-out.jsonl"

$mere train "${CONFIG:-default}" "${train[@]/#/--train=}" --train "$run/patterns.jsonl" "${dev[@]/#/--dev=}" \
    --output "$run/training" || {
    echo "to train anew: rm -r $run/training" >&2
    exit 1
}
$mere calibrate "$run/training/model" "${dev[@]}" "$run/held-out.jsonl" --output "$run/calibrated"
$mere export "$run/calibrated" "${dev[@]}" --compact --output "$output"
du -sh "$output"
