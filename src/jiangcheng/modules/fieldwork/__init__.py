"""The room `fieldwork`."""
