"""What follows the provisioning: secrets, the package, and the subscription to blob events."""
