"""The room `enterprises`."""
