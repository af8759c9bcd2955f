"""The room `credit`."""
