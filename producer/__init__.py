"""The gateway: takes events in, shows executions and exports, hands out links."""
