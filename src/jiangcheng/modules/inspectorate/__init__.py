"""The room `inspectorate`."""
