param token string
param location string
param tags object
param insightsId string
param documentStorageId string
param email string

resource actions 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(email)) {
  name: 'ag-print-${token}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'print'
    enabled: true
    emailReceivers: [{ name: 'operations', emailAddress: email, useCommonAlertSchema: true }]
  }
}

// The app says `alert began: <name>` and `alert ended: <name>` once each; the rest is seen from outside, so that it is
// told also when the app itself is down.
var rules = [
  {
    name: 'app-alert'
    text: 'The app began an alert: an account, a subscription, a printer, a job or a poison queue needs somebody.'
    severity: 2
    // Under load a line may be left out by sampling, and without PRINT_TELEMETRY there is no metric: either is enough.
    query: 'union (traces | where message startswith "alert began"), (customMetrics | where name == "print.alert" and tostring(customDimensions.active) == "yes") | summarize Count = count()'
    operator: 'GreaterThan'
    threshold: 0
    minutes: 5
  }
  {
    name: 'webhook-slow'
    text: 'Graph wants its notifications answered within 3 seconds, and slows down or drops them otherwise.'
    severity: 2
    query: 'requests | where name has "notifications" | summarize Count = percentile(duration, 95) / 1000'
    operator: 'GreaterThan'
    threshold: 3
    minutes: 15
  }
  {
    name: 'functions-failing'
    text: 'Functions fail again and again.'
    severity: 1
    query: 'requests | where success == false and toint(resultCode) !between (400 .. 499) | summarize Count = count()'
    operator: 'GreaterThan'
    threshold: 20
    minutes: 15
  }
  {
    name: 'subscription-age'
    text: 'Nothing renewed the subscription to print tasks for a day: notifications end soon.'
    severity: 2
    query: 'requests | where name == "upkeep" and success == true | summarize Count = count()'
    operator: 'LessThan'
    threshold: 1
    minutes: 1440
  }
]

resource logAlerts 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for rule in rules: {
    name: 'alert-${rule.name}-${token}'
    location: location
    tags: tags
    properties: {
      displayName: 'Print: ${rule.name}'
      description: rule.text
      severity: rule.severity
      enabled: true
      scopes: [insightsId]
      evaluationFrequency: rule.minutes > 60 ? 'PT1H' : 'PT${rule.minutes}M'
      windowSize: rule.minutes > 60 ? 'P1D' : 'PT${rule.minutes}M'
      autoMitigate: true
      criteria: {
        allOf: [
          {
            query: rule.query
            timeAggregation: 'Maximum'
            metricMeasureColumn: 'Count'
            operator: rule.operator
            threshold: rule.threshold
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: empty(email) ? {} : { actionGroups: [actions.id] }
    }
  }
]

// How deep poison queues are is no metric of storage by queue; the app tells of it. This one tells that messages pile up
// while the app does not run at all.
resource queueDepth 'Microsoft.Insights/metricAlerts@2026-01-01' = {
  name: 'alert-queues-${token}'
  location: 'global'
  tags: tags
  properties: {
    description: 'More than 5,000 messages lie on the queues of the document storage.'
    severity: 2
    enabled: true
    scopes: ['${documentStorageId}/queueServices/default']
    evaluationFrequency: 'PT1H'
    windowSize: 'PT1H'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'messages'
          criterionType: 'StaticThresholdCriterion'
          metricNamespace: 'Microsoft.Storage/storageAccounts/queueServices'
          metricName: 'QueueMessageCount'
          operator: 'GreaterThan'
          threshold: 5000
          timeAggregation: 'Average'
        }
      ]
    }
    actions: empty(email) ? [] : [{ actionGroupId: actions.id }]
  }
}

