#!/usr/bin/env bash
# Writes .env beside docker-compose.yml with secrets nobody knows yet. A file that stands is never touched: its passwords are
# those the engines were set up with.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ -e .env ]; then
  echo ".env stands already; nothing was changed"
  exit 0
fi
# Hexadecimal, so that they may stand in an address as they are.
secret() { od -An -tx1 -N"$1" /dev/urandom | tr -d ' \n'; }
umask 077
part="$(mktemp .env.XXXXXX)"
cat >"$part" <<EOF
# Where customers reach it; behind TLS: https://chat.example.com
FRONTDESK_BASE_URL=http://localhost:8080
FRONTDESK_SESSION_SECRET=$(secret 32)
SAM_PASSWORD=$(secret 8)
MONGODB_ROOT_PASSWORD=$(secret 24)
MONGODB_PASSWORD=$(secret 24)
# What the members of the replica set show one another
MONGODB_KEY=$(secret 48)
WEAVIATE_KEY=$(secret 24)
REDIS_PASSWORD=$(secret 24)
GRAFANA_PASSWORD=$(secret 12)
EOF
mv "$part" .env
echo "wrote .env; the desk's first login is sam, with SAM_PASSWORD from there"
