#!/usr/bin/env bash
# Provides the servers that tests talk to, without Docker: a MongoDB-compatible one (FerretDB on SQLite files) and Weaviate, both
# built with Go, and Redis from Debian's packages.  Built once, into a folder outside the checkout; cold it takes 7 to 8 minutes
# on two cores, of which Weaviate takes nearly all.
set -euo pipefail
cd "$(dirname "$0")"
folder="${FRONTDESK_SERVICES:-${XDG_CACHE_HOME:-$HOME/.cache}/frontdesk/services}"
mongodb_version=1.24.2
weaviate_version=1.38.11
mkdir -p "$folder"

need_go() {
  command -v go >/dev/null || { echo "The servers for tests are built with Go 1.26 or newer, which is not here: https://go.dev/dl"; exit 3; }
}

mongodb="$folder/mongodb-$mongodb_version"
if [ ! -x "$mongodb" ]; then
  need_go
  echo "Building a MongoDB-compatible server (FerretDB $mongodb_version, once) ..."
  (cd mongodb && go build -o "$mongodb.part" .)
  mv "$mongodb.part" "$mongodb"
fi

weaviate="$folder/weaviate-$weaviate_version"
if [ ! -x "$weaviate" ]; then
  need_go
  echo "Building Weaviate $weaviate_version (once, several minutes) ..."
  building="$(mktemp -d)"
  GOBIN="$building" go install "github.com/weaviate/weaviate/cmd/weaviate-server@v$weaviate_version"
  mv "$building/weaviate-server" "$weaviate"
  rmdir "$building"
fi

if ! command -v redis-server >/dev/null; then
  command -v apt-get >/dev/null || { echo "Redis comes from Debian's packages: install redis-server"; exit 3; }
  echo "Installing Redis (Debian package) ..."
  sudo=""; [ "$(id -u)" = 0 ] || sudo="sudo"
  $sudo apt-get update -qq
  # The tests start their own; the machine gets no service.
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server >/dev/null
fi
