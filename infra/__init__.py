"""What brings the app to Azure: templates, hooks, and the package that is deployed."""
