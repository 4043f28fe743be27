#!/usr/bin/env bash
# Builds what is deployed, for this machine, and prints what it weighs and how quickly it starts. `infra/sizes.sh` for all six, or name
# some. The starts are those of the real binaries against a Runtime API and embedded stores on loopback, the median of several; a
# lookup's model has 20,000 items.
#
# Fails when the lookup passes a bar: its size is its cold start, and its cold start is a visitor's wait.
set -euo pipefail
cd "$(dirname "$0")/.."

lookup_max_mb=8
lookup_max_answer_ms=30
lookup_max_resident_mb=32
names=("$@")
[ $# -gt 0 ] || names=(webhooks collect ingest profile train recommend)

# Naming the host keeps the binaries out of target/lambda, where cargo-lambda makes a folder of the same name.
host=$(rustc --version --verbose | sed -n 's/^host: //p')
folder=${CARGO_TARGET_DIR:-$PWD/target}/$host/lambda

packages=()
for name in "${names[@]}"; do
    [ -f "functions/$name/Cargo.toml" ] || { echo "no function is called $name" >&2; exit 2; }
    packages+=(--package "$name")
done
cargo build --profile lambda --target "$host" --locked "${packages[@]}" >&2

# Lines of `start NAME MS RESIDENT_MB ARTIFACT_MB FIRST_ANSWER_MS RESIDENT_MB`.
starts=$(RAPPORT_BINARIES=$folder RAPPORT_START=${names[*]} cargo test --release --workspace --test suite --locked -- \
    --exact runtime_api::start_times::start_times --ignored --nocapture | grep '^start ')

over=
printf '%-10s %8s %10s %12s %8s %16s %8s\n' function MB 'MB zipped' 'ms to start' 'MB RSS' 'ms to an answer' 'MB RSS'
for name in "${names[@]}"; do
    bytes=$(wc -c < "$folder/$name")
    zipped=$(gzip -9 --stdout "$folder/$name" | wc -c)
    read -r _ _ start_ms start_rss _ answer_ms answer_rss <<< "$(grep "^start $name " <<< "$starts")"
    awk -v n="$name" -v b="$bytes" -v z="$zipped" -v s="$start_ms" -v r="$start_rss" -v a="$answer_ms" -v m="$answer_rss" \
        'BEGIN { printf "%-10s %8.2f %10.2f %12.1f %8.1f %16s %8s\n", n, b / 1e6, z / 1e6, s, r, a, m }'
    [ "$name" != recommend ] || over=$(awk -v mb="$bytes" -v ms="$answer_ms" -v rss="$answer_rss" -v most_mb=$lookup_max_mb \
        -v most_ms=$lookup_max_answer_ms -v most_rss=$lookup_max_resident_mb 'BEGIN {
            if (mb / 1e6 > most_mb) printf "its binary has more than %s MB; ", most_mb
            if (ms > most_ms) printf "its first answer takes more than %s ms; ", most_ms
            if (rss > most_rss) printf "it takes more than %s MB of memory; ", most_rss
        }')
done
[ -z "$over" ] || { echo "recommend: $over" >&2; exit 1; }
