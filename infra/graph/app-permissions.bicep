// Optional, and a deployment of its own: it consents for the whole tenant, which whoever deploys the rest seldom may.
// `python -m printops app create` does the same and more from the command line. docs/deploy.md says when to use which.
extension microsoftGraphV1

@description('The client id of the app registration. Its service principal must be in the tenant.')
param clientId string

@description('The managed identity that is to stand for the app, in this resource group.')
param identityName string

@description('The unique name of the app registration, where its trust in the identity is to be made here, too.')
param applicationUniqueName string = ''

// shared/permissions.py has the reason of each; a test compares.
@description('The application permissions of Graph. A tenant that does not use a part can leave its own out.')
param permissions array = [
  'GroupMember.Read.All'
  'PrintJob.Manage.All'
  'PrintJob.ReadWrite.All'
  'PrintTaskDefinition.ReadWrite.All'
  'Printer.ReadWrite.All'
  'User.Read.All'
]

// The application id of Microsoft Graph is the same in every tenant.
var graphAppId = '00000003-0000-0000-c000-000000000000'
// Managed identities get tokens for this audience in the public cloud, the only one where this extension works.
var exchangeAudience = 'api://AzureADTokenExchange'

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: graphAppId
}

// The app registration is what Graph sees, not the identity: print accounts sign in to it, and only the app that made a
// task definition may put triggers on printers. So the permissions are the app's, and the identity stands for it.
resource app 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: clientId
}

resource granted 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [
  for permission in permissions: {
    appRoleId: filter(graph.appRoles, role => role.value == permission)[0].id
    principalId: app.id
    resourceId: graph.id
  }
]

// Named as the command line names it, so that neither makes a second one of the same subject, which Graph refuses.
resource trust 'Microsoft.Graph/applications/federatedIdentityCredentials@v1.0' = if (!empty(applicationUniqueName)) {
  name: '${applicationUniqueName}/${identityName}-${substring(identity.properties.principalId, 0, 8)}'
  description: 'The managed identity of the print functions stands for this app.'
  issuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
  subject: identity.properties.principalId
  audiences: [exchangeAudience]
}
