#!/bin/sh
# Writes .env for docker-compose.yml: random secrets, and the addresses that users reach.
#
#   deploy/make-env.sh [PUBLIC_URL [S3_PUBLIC_URL]]
#
# PUBLIC_URL is the gateway's address as users reach it, S3_PUBLIC_URL the object store's. Without them both are this
# machine's own. An existing .env is left alone: a new LINK_SECRET would end every link, a new key lock the store.
set -eu
umask 077
cd "$(dirname "$0")/.."

if [ -e .env ]; then
  echo ".env exists and is kept; move it away first if you want new secrets." >&2
  exit 1
fi

random() { # hexadecimal digits of so many random bytes
  head -c "$1" /dev/urandom | od -An -v -tx1 | tr -d ' \n'
}

written=$(mktemp .env.XXXXXX)
trap 'rm -f "$written"' EXIT
cat >"$written" <<ENVIRONMENT
PUBLIC_URL=${1:-http://localhost:8000}
S3_PUBLIC_URL=${2:-http://localhost:8333}
VALKEY_PASSWORD=$(random 24)
S3_ACCESS_KEY=$(random 10)
S3_SECRET_KEY=$(random 24)
LINK_SECRET=$(random 32)
CALLBACK_SECRET=whsec_$(head -c 32 /dev/urandom | base64 | tr -d '\n')
ENVIRONMENT
ln "$written" .env # Fails where somebody else was faster, and never shows half a file.
echo "Wrote .env, readable by you alone. Keep it: without these secrets the stored data cannot be reached." >&2
