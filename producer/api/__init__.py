"""The HTTP interface: routes that parse, call a use case and shape the answer."""
