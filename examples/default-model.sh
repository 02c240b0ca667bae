#!/usr/bin/env bash
# Make the model that comes with mere anew: data, training, export, calibration, card. `make default-model` calls this.
#
#   MERE_DATA  folder with the folders plain, english and smiler in it
#   RUN        folder for what is made on the way; an interrupted training goes on there
#   START      a model to start the last step from, in place of one that is trained here on what marks one fact a sentence
#   OUTPUT     folder of the model, replaced at the end if the export loses no more than it may
set -euo pipefail
cd "$(dirname "$0")/.."

data=${MERE_DATA:-../shared/data}
run=${RUN:-runs/default}
output=${OUTPUT:-src/mere/default_model}
mere=.venv/bin/mere

shopt -s nullglob
marked=("$data"/smiler/*_corpora_train.tsv)
marked_dev=("$data"/smiler/*_corpora_dev.tsv)
dev=("$data"/plain/dev.jsonl.gz)
for corpus in plain english smiler; do
    if [ ! -d "$data/$corpus" ]; then
        echo "the corpus $corpus is not in $data; name the folder that holds plain, english and smiler: MERE_DATA=FOLDER" >&2
        exit 1
    fi
done

mkdir -p "$run"
languages=(ar de en es fa fr it ko nl pl pt ru sv uk)
trap 'echo "to train anew: rm -r $run" >&2' ERR

generate() { # FILE SEED COUNT OPTION…
    $mere data generate "${languages[@]}" --hold-out 0.1 --output "$1" --seed "$2" --count "$3" "${@:4}"
}

# Sentences that mark one fact, and patterns: languages, relations, spans.
if [ -z "${START:-}" ]; then
    generate "$run/patterns.jsonl" 1 450 --negatives 0.2 --tokenised 0.3
    $mere train default "${marked[@]/#/--train=}" --train "$run/patterns.jsonl" "${marked_dev[@]/#/--dev=}" \
        --output "$run/marked"
    START=$run/marked/model
fi

# Sentences whose every fact is annotated: what a text states, and what it does not.
generate "$run/more-patterns.jsonl" 31 240 --negatives 0.4 --tokenised 0.05 --extended 0.3
.venv/bin/python examples/default_model_data.py "$data" "$run/more-patterns.jsonl" "$run/mixture.jsonl"
$mere train dense --from "$START" --train "$run/mixture.jsonl" "${dev[@]/#/--dev=}" --output "$run/dense"

$mere export "$run/dense/model" "${dev[@]}" --compact --output "$run/compact"
$mere calibrate "$run/compact" "${dev[@]}" --output "$output"
.venv/bin/python benchmarks/quality.py "$output" --dev "${dev[@]}" --card examples/default-model.md
du -sh "$output"
