param name string
param location string
param tags object
param identityId string
param identityClientId string
param hostStorageName string
param documentBlobEndpoint string
param documentQueueEndpoint string
param vaultUri string
param insightsConnectionString string
param workspaceId string
param subnetId string
param instanceMemoryMB int
param maximumInstanceCount int
param httpConcurrency int
param alwaysReadyHttp int
param graphTenantId string
param graphClientId string
param graphBaseUrl string
param graphAuthority string
param printAccounts string
param reportsAccount string
param holdRetentionHours int
param usageExportSchedule string
param reconcileSchedule string
param upkeepSchedule string
param pseudonymizeUsage bool
param alertWebhook bool
param telemetry bool
param logNames bool

resource hostStorage 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: hostStorageName
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  // checkov:skip=CKV_AZURE_225:not every region has zones, and it takes two instances that are always ready; docs/deploy.md
  name: 'plan-${name}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  // checkov:skip=CKV_AZURE_222:Graph and Event Grid deliver from the public network
  // checkov:skip=CKV_AZURE_17:Graph and Event Grid bring no client certificate; every route proves its caller by itself
  // checkov:skip=CKV_AZURE_212:Flex Consumption scales by demand and refuses this setting
  // checkov:skip=CKV_AZURE_213:Flex Consumption refuses the setting healthCheckPath
  name: name
  location: location
  tags: tags
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      minTlsVersion: '1.2'
      http20Enabled: true
      ftpsState: 'Disabled'
    }
    functionAppConfig: {
      runtime: { name: 'python', version: '3.13' }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${hostStorage.properties.primaryEndpoints.blob}app-package'
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReadyHttp > 0 ? [{ name: 'http', instanceCount: alwaysReadyHttp }] : []
        triggers: { http: { perInstanceConcurrency: httpConcurrency } }
      }
    }
  }
}

resource noFtpPublishing 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'ftp'
  properties: { allow: false }
}

resource noScmPublishing 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'scm'
  properties: { allow: false }
}

// Everything that the app reads and that has no other value than its default; docs/settings.md has the rest.
var always = {
  AzureWebJobsStorage__blobServiceUri: hostStorage.properties.primaryEndpoints.blob
  AzureWebJobsStorage__queueServiceUri: hostStorage.properties.primaryEndpoints.queue
  AzureWebJobsStorage__tableServiceUri: hostStorage.properties.primaryEndpoints.table
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  PrintStorage__blobServiceUri: documentBlobEndpoint
  PrintStorage__queueServiceUri: documentQueueEndpoint
  PrintStorage__credential: 'managedidentity'
  PrintStorage__clientId: identityClientId
  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
  GRAPH_BASE_URL: graphBaseUrl
  GRAPH_AUTHORITY: graphAuthority
  GRAPH_TENANT_ID: graphTenantId
  GRAPH_CLIENT_ID: graphClientId
  GRAPH_FEDERATED_CLIENT_ID: identityClientId
  PRINT_ACCOUNTS: printAccounts
  TOKEN_CACHE_KEY: '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/token-cache-key)'
  KIOSK_KEY: '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/kiosk-key)'
  NOTIFICATION_URL: 'https://${app.properties.defaultHostName}'
  NOTIFICATION_CLIENT_STATE: '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/notification-client-state)'
  HOLD_RETENTION_HOURS: string(holdRetentionHours)
  USAGE_EXPORT_SCHEDULE: usageExportSchedule
  RECONCILE_SCHEDULE: reconcileSchedule
  UPKEEP_SCHEDULE: upkeepSchedule
  PRINT_TELEMETRY: telemetry ? 'on' : 'off'
  PRINT_LOG_NAMES: logNames ? 'on' : 'off'
}
var reports = empty(reportsAccount) ? {} : { REPORTS_ACCOUNT: reportsAccount }
var pseudonymKey = { USAGE_PSEUDONYM_KEY: '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/usage-pseudonym-key)' }
var pseudonyms = pseudonymizeUsage ? pseudonymKey : {}
var webhookUrl = { ALERT_WEBHOOK_URL: '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/alert-webhook-url)' }
var webhook = alertWebhook ? webhookUrl : {}

resource settings 'Microsoft.Web/sites/config@2025-03-01' = {
  // checkov:skip=CKV_AZURE_13:these are the app settings; what the check asks for is no app setting, and no part of Flex Consumption
  // checkov:skip=CKV_AZURE_63:these are the app settings; what the check asks for is no app setting, and no part of Flex Consumption
  // checkov:skip=CKV_AZURE_65:these are the app settings; what the check asks for is no app setting, and no part of Flex Consumption
  // checkov:skip=CKV_AZURE_66:these are the app settings; what the check asks for is no app setting, and no part of Flex Consumption
  // checkov:skip=CKV_AZURE_80:these are the app settings; what the check asks for is no app setting, and no part of Flex Consumption
  // checkov:skip=CKV_AZURE_88:these are the app settings; what the check asks for is no app setting, and no part of Flex Consumption
  // checkov:skip=CKV_AZURE_222:these are the app settings; what the check asks for is no app setting, and no part of Flex Consumption
  parent: app
  name: 'appsettings'
  properties: union(always, reports, pseudonyms, webhook)
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: app
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'FunctionAppLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

output name string = app.name
output url string = 'https://${app.properties.defaultHostName}'
