#!/bin/bash
# The natural script: launcher.sh VAULT COUNT COMMAND [ARG]…
set -euo pipefail
vault=$1 count=$2
shift 2

token=$(curl -fsS -H "X-IDENTITY-HEADER: $IDENTITY_HEADER" \
    "$IDENTITY_ENDPOINT?api-version=2019-08-01&resource=https://vault.azure.net" | jq -r .access_token)
for ((number = 1; number <= count; number++)); do
    name=$(printf 'secret-%03d' "$number")
    value=$(curl -fsS -H "Authorization: Bearer $token" "$vault/secrets/$name?api-version=7.4" | jq -r .value)
    export "SECRET_${name#secret-}=$value"
done
exec "$@"
