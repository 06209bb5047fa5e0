#!/usr/bin/env bash
# Trains and measures the checkpoints of the demo city that ship in assets/: hours on a CPU. Run it where packages are installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export RECSYS_HOME=assets

train() { python -m recsys train "$1" demo-city "${@:2}"; }

for model in popularity popularity-recent popularity-nearby friends frequency markov ngram item-knn item-knn-text content user-knn \
    user-knn-text ease bilinear-markov; do
    train "$model"
done
for model in sasrec sasrec-time; do
    train "$model" --set batch_tokens=2000 --set epochs=30
done
for model in sasrec-text sasrec-text-frozen sasrec-text-start; do
    train "$model" --set batch_tokens=2000 --set epochs=20 --set patience=5
done
for model in spatiotemporal spatiotemporal-blind spatiotemporal-evolving spatiotemporal-tuned association; do
    train "$model" --set batch_tokens=3000 --set epochs=15 --set patience=4
done
train llm-lstm --set learning_rate=0.001 --set epochs=40 --set patience=4
train lstm-lm --set epochs=40
for model in long-short long-only short-only; do
    train "$model" --set epochs=30
done
for model in fusion fusion-rrf; do # the last: they combine the models above
    train "$model"
done

# The validation results of all models; they are kept in assets/results.
python -m recsys leaderboard demo-city
