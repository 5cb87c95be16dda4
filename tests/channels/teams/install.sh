#!/usr/bin/env bash
# Installs Microsoft's own emulator of Teams (npm, locked), against which test_playground.py plays.
set -euo pipefail
cd "$(dirname "$0")"
command -v npm >/dev/null || { echo "npm is needed for the Teams emulator: install Node.js 20 or newer"; exit 3; }
npm ci --silent --no-audit --no-fund --ignore-scripts
