param storageName string
param topicPrincipalId string

var blobContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'

resource deadLetters 'Microsoft.Storage/storageAccounts/blobServices/containers@2026-04-01' existing = {
  name: '${storageName}/default/event-dead-letters'
}

// Named after the topic's identity, which a topic that was deleted and made again has anew. A role of the old name could
// not be given to it, so this is no part of the topic's file, where a name may not have the identity in it.
resource keeps 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: deadLetters
  name: guid(deadLetters.id, topicPrincipalId, blobContributor)
  properties: {
    principalId: topicPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobContributor)
  }
}
