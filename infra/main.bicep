targetScope = 'subscription'

metadata name = 'Universal Print Functions'
metadata description = 'A function app on Flex Consumption with its storage, events, secrets and alerts. It uses identities only.'

@description('The name of the azd environment; every resource is named after it.')
@minLength(1)
@maxLength(40)
param environmentName string

@description('The region, one that offers Flex Consumption.')
param location string

@description('The object id of whoever deploys: may write secrets and deploy. Empty in a pipeline that has these rights.')
param deployerId string = ''

@allowed(['User', 'ServicePrincipal', 'Group'])
param deployerType string = 'User'

@description('The tenant of Universal Print and the client id of the app registration.')
param graphTenantId string
param graphClientId string

@description('National clouds: the Graph address with its version, and the authority. The authority follows this cloud.')
param graphBaseUrl string = 'https://graph.microsoft.com/v1.0'
param graphAuthority string = ''

@description('User names of the print accounts, separated by commas; and of the account that reads usage reports.')
param printAccounts string
param reportsAccount string = ''

@description('How many hours a job is held before it is aborted.')
@minValue(1)
param holdRetentionHours int = 24

@description('Schedules in NCRONTAB, UTC.')
param usageExportSchedule string = '0 15 3 * * *'
param reconcileSchedule string = '0 * * * * *'
param upkeepSchedule string = '0 */15 * * * *'

@description('True where exported usage names no people. The key is made once and kept in the vault.')
param pseudonymizeUsage bool = false

@description('True where alerts go to the address in the vault secret alert-webhook-url, which somebody has put there.')
param alertWebhook bool = false

@description('Traces and metrics of the app itself, beside what the host sends.')
param telemetry bool = true

@description('Whether the log may have the names of documents.')
param logNames bool = true

@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('The service refuses fewer than 40.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Requests at a time on one instance. The default of the platform for Python is 1.')
@minValue(1)
param httpConcurrency int = 32

@description('Instances that always wait for requests. One keeps the webhook within its three seconds; 0 costs nothing.')
@minValue(0)
param alwaysReadyHttp int = 1

@description('Private endpoints for storage and vault, and a network for the app.')
param privateNetworking bool = false

@description('How the addresses of that network begin, which has 65,536. Networks that are peered may share none.')
param networkPrefix string = '10.20'

@description('SFTP on the document storage. It gives that account a hierarchical namespace, which cannot be changed later.')
param sftp bool = false

@description('Days that archived and failed documents, and exported usage, are kept.')
@minValue(1)
param archiveDays int = 30
@minValue(1)
param failedDays int = 90
@minValue(1)
param usageDays int = 1095

@description('Where Azure alerts are mailed. Empty: they are seen in the portal only.')
param alertEmail string = ''

var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName }

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identity 'app/identity.bicep' = {
  scope: group
  params: { name: 'id-print-${token}', location: location, tags: tags }
}

module monitoring 'app/monitoring.bicep' = {
  scope: group
  params: { token: token, location: location, tags: tags, identityPrincipalId: identity.outputs.principalId }
}

module network 'app/network.bicep' = if (privateNetworking) {
  scope: group
  params: { token: token, location: location, tags: tags, prefix: networkPrefix }
}

module hostStorage 'app/host-storage.bicep' = {
  scope: group
  params: {
    name: 'sthost${token}'
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    identityPrincipalId: identity.outputs.principalId
    deployerId: deployerId
    deployerType: deployerType
    isPrivate: privateNetworking
  }
}

module documentStorage 'app/document-storage.bicep' = {
  scope: group
  params: {
    name: 'stprint${token}'
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    identityPrincipalId: identity.outputs.principalId
    isPrivate: privateNetworking
    sftp: sftp
    archiveDays: archiveDays
    failedDays: failedDays
    usageDays: usageDays
  }
}

module vault 'app/vault.bicep' = {
  scope: group
  params: {
    name: 'kv-${token}'
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    identityPrincipalId: identity.outputs.principalId
    deployerId: deployerId
    deployerType: deployerType
    isPrivate: privateNetworking
  }
}

module endpoints 'app/private-endpoints.bicep' = if (privateNetworking) {
  scope: group
  params: {
    location: location
    tags: tags
    subnetId: network!.outputs.endpointSubnetId
    networkId: network!.outputs.networkId
    hostStorageId: hostStorage.outputs.id
    documentStorageId: documentStorage.outputs.id
    vaultId: vault.outputs.id
  }
}

module functionApp 'app/function-app.bicep' = {
  scope: group
  dependsOn: [endpoints]
  params: {
    name: 'func-print-${token}'
    location: location
    tags: tags
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    hostStorageName: hostStorage.outputs.name
    documentBlobEndpoint: documentStorage.outputs.blobEndpoint
    documentQueueEndpoint: documentStorage.outputs.queueEndpoint
    vaultUri: vault.outputs.uri
    insightsConnectionString: monitoring.outputs.connectionString
    workspaceId: monitoring.outputs.workspaceId
    subnetId: privateNetworking ? network!.outputs.appSubnetId : ''
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    httpConcurrency: httpConcurrency
    alwaysReadyHttp: alwaysReadyHttp
    graphTenantId: graphTenantId
    graphClientId: graphClientId
    graphBaseUrl: graphBaseUrl
    graphAuthority: empty(graphAuthority) ? environment().authentication.loginEndpoint : graphAuthority
    printAccounts: printAccounts
    reportsAccount: reportsAccount
    holdRetentionHours: holdRetentionHours
    usageExportSchedule: usageExportSchedule
    reconcileSchedule: reconcileSchedule
    upkeepSchedule: upkeepSchedule
    pseudonymizeUsage: pseudonymizeUsage
    alertWebhook: alertWebhook
    telemetry: telemetry
    logNames: logNames
  }
}

module events 'app/event-topic.bicep' = {
  scope: group
  params: {
    name: 'evgt-${token}'
    location: location
    tags: tags
    storageName: documentStorage.outputs.name
    workspaceId: monitoring.outputs.workspaceId
  }
}

module deadLetters 'app/event-dead-letters.bicep' = {
  scope: group
  params: { storageName: documentStorage.outputs.name, topicPrincipalId: events.outputs.principalId }
}

module alerts 'app/alerts.bicep' = {
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    insightsId: monitoring.outputs.insightsId
    documentStorageId: documentStorage.outputs.id
    email: alertEmail
  }
}

module workbook 'app/workbook.bicep' = {
  scope: group
  params: { location: location, tags: tags, insightsId: monitoring.outputs.insightsId }
}

output AZURE_RESOURCE_GROUP string = group.name
output FUNCTION_APP_NAME string = functionApp.outputs.name
output FUNCTION_APP_URL string = functionApp.outputs.url
output KEY_VAULT_NAME string = vault.outputs.name
output EVENT_TOPIC_NAME string = events.outputs.name
output DOCUMENT_STORAGE_NAME string = documentStorage.outputs.name
output IDENTITY_NAME string = identity.outputs.name
output IDENTITY_PRINCIPAL_ID string = identity.outputs.principalId
output IDENTITY_CLIENT_ID string = identity.outputs.clientId
