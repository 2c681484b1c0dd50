@minLength(3)
@maxLength(24)
param name string
param location string
param tags object
param workspaceId string
param identityPrincipalId string
param isPrivate bool
param sftp bool
param archiveDays int
param failedDays int
param usageDays int

// shared/names.py has these names; a test compares.
var containers = ['print-inbox', 'print-archive', 'print-failed', 'print-usage', 'print-state']
var deadLetters = 'event-dead-letters'
// Poison queues stand before the first message falls into one, so that alerts can look at them.
var queues = [
  'print-submissions'
  'print-jobs'
  'print-events'
  'print-submissions-poison'
  'print-jobs-poison'
  'print-events-poison'
  'webjobs-blobtrigger-poison'
]
var roles = [
  'ba92f5b4-2d11-453d-a403-e96b0029c9fe' // Storage Blob Data Contributor
  '974c5e8b-45b9-4653-ba55-5f855dd0fb88' // Storage Queue Data Contributor
]

// Whoever may not reach it by network cannot read it either way: there are no keys, and every reader needs a role.
var publicAccess = isPrivate ? 'Disabled' : 'Enabled'
var defaultAction = isPrivate ? 'Deny' : 'Allow'

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' = {
  // checkov:skip=CKV_AZURE_35: open by default so that people and systems can drop files; privateNetworking closes it
  // checkov:skip=CKV_AZURE_206: zones are enough as documents pass through within minutes, and docs/deploy.md says how the rest is brought to another region
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_ZRS' }
  properties: {
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: publicAccess
    // Event Grid delivers from a trusted service.
    networkAcls: { bypass: 'AzureServices', defaultAction: defaultAction }
    isHnsEnabled: sftp
    isSftpEnabled: sftp
    isLocalUserEnabled: sftp
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2026-04-01' = {
  parent: account
  name: 'default'
  properties: {
    // A mistake with the state or a document can be undone for a week.
    deleteRetentionPolicy: { enabled: true, days: 7 }
    containerDeleteRetentionPolicy: { enabled: true, days: 7 }
  }
}

resource blobContainers 'Microsoft.Storage/storageAccounts/blobServices/containers@2026-04-01' = [
  for container in union(containers, [deadLetters]): {
    parent: blobs
    name: container
  }
]

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2026-04-01' = {
  parent: account
  name: 'default'
}

resource storageQueues 'Microsoft.Storage/storageAccounts/queueServices/queues@2026-04-01' = [
  for queue in queues: {
    parent: queueService
    name: queue
  }
]

resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2026-04-01' = {
  parent: account
  name: 'default'
  dependsOn: [blobs]
  properties: {
    policy: {
      rules: [
        for rule in [
          { name: 'archive', prefix: 'print-archive/', days: archiveDays }
          { name: 'failed', prefix: 'print-failed/', days: failedDays }
          { name: 'usage', prefix: 'print-usage/', days: usageDays }
          { name: 'dead-letters', prefix: '${deadLetters}/', days: 30 }
        ]: {
          name: rule.name
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: [rule.prefix] }
            actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: rule.days } } }
          }
        }
      ]
    }
  }
}

resource prints 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in roles: {
    scope: account
    name: guid(account.id, identityPrincipalId, role)
    properties: {
      principalId: identityPrincipalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]

resource blobLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: blobs
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'audit', enabled: true }]
    metrics: [{ category: 'Transaction', enabled: true }]
  }
}

resource queueLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: queueService
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    metrics: [{ category: 'Transaction', enabled: true }]
  }
}

output id string = account.id
output name string = account.name
output blobEndpoint string = account.properties.primaryEndpoints.blob
output queueEndpoint string = account.properties.primaryEndpoints.queue
