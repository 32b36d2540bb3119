#!/usr/bin/env bash
# What main.bicep does with a system-assigned identity, in commands of Azure's CLI (`az login` first).
#
#   deploy/azure/app-service.sh NAME IMAGE [COMMAND]
#
# Makes, in a resource group of the same name, a vault, a plan (B1) and a web app that runs IMAGE with Latchkey before
# COMMAND. To remove everything:  az group delete --name NAME; az keyvault purge --name NAME
set -euo pipefail
[ $# -ge 2 ] || { echo "usage: app-service.sh NAME IMAGE [COMMAND]" >&2; exit 64; }
name=$1 image=$2 command=${3:-/usr/local/bin/shop} location=${LOCATION:-westeurope}

az group create --name "$name" --location "$location" --output none
az keyvault create --resource-group "$name" --name "$name" --enable-rbac-authorization true --output none
az appservice plan create --resource-group "$name" --name "$name" --is-linux --sku B1 --output none
az webapp create --resource-group "$name" --plan "$name" --name "$name" --container-image-name "$image" --output none

# The identity: from now on the app can ask the platform for tokens.
principal=$(az webapp identity assign --resource-group "$name" --name "$name" --query principalId --output tsv)

# What it may do: read the values of this vault's secrets.
az role assignment create --role 'Key Vault Secrets User' --assignee-object-id "$principal" \
    --assignee-principal-type ServicePrincipal \
    --scope "$(az keyvault show --name "$name" --query id --output tsv)" --output none

# How it starts. App Service waits 30 s between TERM and KILL, Latchkey 29.
az webapp config appsettings set --resource-group "$name" --name "$name" \
    --settings WEBSITES_CONTAINER_STOP_TIME_LIMIT=30 --output none
az webapp config set --resource-group "$name" --name "$name" --always-on true --startup-file \
    "/latchkey/latchkey run --vault $name -e DB_PASSWORD=db-password --on-change restart --stop-timeout 29s -- $command" \
    --output none
echo "https://$name.azurewebsites.net"
