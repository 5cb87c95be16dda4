#!/usr/bin/env bash
# Installs what the tests of the Request Tracker desk need: RT 5 itself from Debian's packages, with SQLite and a small server.
# Every test run has its own copy of a database in the temporary folder; the system's RT is neither set up nor used.
set -euo pipefail
if [ -x /usr/share/request-tracker5/libexec/rt-server ] && perl -MDBD::SQLite -MStarlet::Server -e 1 2>/dev/null; then
  exit 0
fi
command -v apt-get >/dev/null || { echo "RT 5 comes from Debian's packages: install request-tracker5, rt5-db-sqlite and rt5-standalone"; exit 3; }
echo "Installing Request Tracker 5 (Debian packages) ..."
sudo=""; [ "$(id -u)" = 0 ] || sudo="sudo"
$sudo apt-get update -qq
# No database of its own: the tests make theirs, and catch the mails that RT would send.
echo "request-tracker5 request-tracker5/dbconfig-install boolean false" | $sudo debconf-set-selections
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
  request-tracker5 rt5-db-sqlite rt5-standalone >/dev/null
