"""The web page: routes that call the use cases of the API and show their answers to people."""
