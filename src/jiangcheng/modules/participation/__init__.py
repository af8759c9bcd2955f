"""The room `participation`."""
