// Deployed after the code: the key `blobs_extension` is made when the host first loads the storage extension. Until this
// has succeeded, the sweep of the reconcile timer finds the files.
param topicName string
param functionAppName string
param storageName string

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: functionAppName
}

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: storageName
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

var key = listKeys('${app.id}/host/default', app.apiVersion).systemKeys.blobs_extension
// The function of functions/submissions.py; a test compares.
var endpoint = 'https://${app.properties.defaultHostName}/runtime/webhooks/blobs?functionName=Host.Functions.accept&code=${key}'

resource subscription 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'print-inbox'
  properties: {
    destination: { endpointType: 'WebHook', properties: { endpointUrl: endpoint } }
    filter: {
      includedEventTypes: ['Microsoft.Storage.BlobCreated']
      // With the last slash: without it the containers print-inbox-2 and print-inbox-old would match, too.
      subjectBeginsWith: '/blobServices/default/containers/print-inbox/'
      // A client of SFTP or Data Lake makes the file empty, and another event tells when all of it is there.
      advancedFilters: [{ operatorType: 'StringNotIn', key: 'data.api', values: ['CreateFile', 'SftpCreate'] }]
    }
    eventDeliverySchema: 'EventGridSchema'
    retryPolicy: { maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1440 }
    deadLetterWithResourceIdentity: {
      identity: { type: 'SystemAssigned' }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: { resourceId: account.id, blobContainerName: 'event-dead-letters' }
      }
    }
  }
}
