#!/usr/bin/env bash
# Installs what the browser tests need: the system Chromium (Debian package) and axe-core (npm, locked).
set -euo pipefail
cd "$(dirname "$0")"
if ! command -v chromium >/dev/null; then
  echo "Installing chromium (Debian package) ..."
  sudo=""; [ "$(id -u)" = 0 ] || sudo="sudo"
  $sudo apt-get update -qq
  $sudo apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core fonts-noto-core >/dev/null
fi
command -v npm >/dev/null || { echo "npm is needed for the accessibility tests: install Node.js 20 or newer"; exit 3; }
npm ci --silent --no-audit --no-fund --ignore-scripts
