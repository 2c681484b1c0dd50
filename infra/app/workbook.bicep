param location string
param tags object
param insightsId string

var workbook = loadTextContent('workbook.json')

resource overview 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, 'print-workbook')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Universal Print Functions'
    category: 'workbook'
    sourceId: insightsId
    serializedData: workbook
  }
}
