"""The room `enforcement`."""
