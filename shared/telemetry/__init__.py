"""Traces and metrics: free of cost and imports unless telemetry is switched on."""
