"""The room `inspections`."""
