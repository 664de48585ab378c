"""The server; empty until there is telemetry to receive."""
