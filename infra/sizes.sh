#!/usr/bin/env bash
# Builds what is deployed, for this machine, and prints how large it is. `infra/sizes.sh` for all six, or name some.
# Fails when the lookup's binary passes 8 MB, because its size is its cold start. Start-up times are measured elsewhere, with a
# Runtime API to start against.
set -euo pipefail
cd "$(dirname "$0")/.."

lookup_max_bytes=8000000
names=("$@")
[ $# -gt 0 ] || names=(webhooks collect ingest profile train recommend)

# Naming the host keeps the binaries out of target/lambda, where cargo-lambda makes a folder of the same name.
host=$(rustc --version --verbose | sed -n 's/^host: //p')
folder=${CARGO_TARGET_DIR:-target}/$host/lambda

packages=()
for name in "${names[@]}"; do
    [ -f "functions/$name/Cargo.toml" ] || { echo "no function is called $name" >&2; exit 2; }
    packages+=(--package "$name")
done
cargo build --profile lambda --target "$host" --locked "${packages[@]}" >&2

over=
printf '%-10s %10s %10s\n' function MB 'MB zipped'
for name in "${names[@]}"; do
    bytes=$(wc -c < "$folder/$name")
    zipped=$(gzip -9 --stdout "$folder/$name" | wc -c)
    awk -v n="$name" -v b="$bytes" -v z="$zipped" 'BEGIN { printf "%-10s %10.2f %10.2f\n", n, b / 1e6, z / 1e6 }'
    if [ "$name" = recommend ] && [ "$bytes" -gt $lookup_max_bytes ]; then over=yes; fi
done
[ -z "$over" ] || { echo "recommend is larger than $lookup_max_bytes bytes" >&2; exit 1; }
