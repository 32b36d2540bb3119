// A web app on App Service (Linux) that gets its secrets from Key Vault through Latchkey.
//
//   az group create --name shop --location westeurope
//   az deployment group create --resource-group shop --template-file deploy/azure/main.bicep \
//       --parameters name=contoso-web image=contoso.azurecr.io/shop:1.0
//
// The image holds the bundle in /latchkey (deploy/container). README.md beside this file explains every part.
targetScope = 'resourceGroup'

@description('Name of the web app and of the vault; both are part of a host name and unique in all of Azure.')
@minLength(3)
@maxLength(24)
param name string

@description('The container image of the app, with Latchkey in /latchkey.')
param image string

@description('What starts the app in that image.')
param command string = '/usr/local/bin/shop'

@description('Which kind of identity the app has. A user-assigned one outlives the app.')
@allowed([
  'system'
  'user'
])
param identity string = 'system'

@description('Seconds that App Service waits between TERM and KILL: 5 without this setting, 120 at most.')
@minValue(5)
@maxValue(120)
param stopSeconds int = 30

param location string = resourceGroup().location

// "Key Vault Secrets User": reads the values of secrets, and nothing else.
var secretsUser = subscriptionResourceId(
  'Microsoft.Authorization/roleDefinitions',
  '4633458b-17de-408a-b874-0445c86b69e6'
)

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' = {
  name: name
  location: location
  properties: {
    tenantId: subscription().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 7
  }
}

resource userIdentity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = if (identity == 'user') {
  name: name
  location: location
}

resource plan 'Microsoft.Web/serverfarms@2023-12-01' = {
  name: name
  location: location
  kind: 'linux'
  sku: {
    name: 'B1'
  }
  properties: {
    reserved: true
  }
}

resource app 'Microsoft.Web/sites@2023-12-01' = {
  name: name
  location: location
  kind: 'app,linux,container'
  identity: identity == 'user'
    ? {
        type: 'UserAssigned'
        userAssignedIdentities: {
          '${userIdentity.id}': {}
        }
      }
    : {
        type: 'SystemAssigned'
      }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    siteConfig: {
      linuxFxVersion: 'DOCKER|${image}'
      alwaysOn: true
      minTlsVersion: '1.2'
      ftpsState: 'Disabled'
      appCommandLine: '/latchkey/latchkey run --vault ${name} -e DB_PASSWORD=db-password --on-change restart --stop-timeout ${stopSeconds - 1}s -- ${command}'
      appSettings: concat(
        [
          {
            name: 'WEBSITES_CONTAINER_STOP_TIME_LIMIT'
            value: string(stopSeconds)
          }
          {
            name: 'WEBSITES_ENABLE_APP_SERVICE_STORAGE'
            value: 'false'
          }
        ],
        // With a user-assigned identity it has to be said which: an app can have several.
        identity == 'user'
          ? [
              {
                name: 'AZURE_CLIENT_ID'
                value: userIdentity!.properties.clientId
              }
            ]
          : []
      )
    }
  }
}

resource mayRead 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, app.id, identity, secretsUser)
  scope: vault
  properties: {
    roleDefinitionId: secretsUser
    principalId: identity == 'user' ? userIdentity!.properties.principalId : app.identity.principalId
    // Without it a fresh identity is not found until it is known everywhere.
    principalType: 'ServicePrincipal'
  }
}

output url string = 'https://${app.properties.defaultHostName}'
output vaultUri string = vault.properties.vaultUri
