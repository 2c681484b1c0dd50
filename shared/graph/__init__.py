"""Microsoft Graph: one client for print operations, and the one rule for repeating a call."""
