#!/usr/bin/env bash
# Replaces the running replicas without a gap, after a new image or a new compose file: as many new ones beside the old, and
# when these are ready the old ones are stopped, one after the other, each with its drain. What an old one still held is
# handed over in the store. Build the new image first: docker compose build frontdesk
set -euo pipefail
cd "$(dirname "$0")/../.."
mapfile -t old < <(docker compose ps --quiet frontdesk)
count="${#old[@]}"
if [ "$count" = 0 ]; then
  echo "no replica is running: docker compose up --detach"
  exit 3
fi
echo "starting $count new beside $count old ..."
docker compose up --detach --wait --no-deps --no-recreate --scale "frontdesk=$((2 * count))" frontdesk
for container in "${old[@]}"; do
  docker stop --timeout 30 "$container" >/dev/null
  docker rm "$container" >/dev/null
  echo "replaced $container"
done
