param token string
param location string
param tags object
param prefix string

resource network 'Microsoft.Network/virtualNetworks@2025-07-01' = {
  name: 'vnet-${token}'
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: ['${prefix}.0.0/16'] }
    subnets: [
      {
        // Flex Consumption takes no underscore in the name, and about 40 addresses for an app.
        name: 'app'
        properties: {
          addressPrefix: '${prefix}.0.0/24'
          defaultOutboundAccess: true
          delegations: [{ name: 'flex', properties: { serviceName: 'Microsoft.App/environments' } }]
          networkSecurityGroup: { id: appRules.id }
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: '${prefix}.1.0/24'
          defaultOutboundAccess: false
          privateEndpointNetworkPolicies: 'Enabled'
          networkSecurityGroup: { id: endpointRules.id }
        }
      }
    ]
  }
}

resource appRules 'Microsoft.Network/networkSecurityGroups@2025-07-01' = {
  name: 'nsg-app-${token}'
  location: location
  tags: tags
}

resource endpointRules 'Microsoft.Network/networkSecurityGroups@2025-07-01' = {
  name: 'nsg-endpoints-${token}'
  location: location
  tags: tags
}

output networkId string = network.id
output appSubnetId string = '${network.id}/subnets/app'
output endpointSubnetId string = '${network.id}/subnets/endpoints'
