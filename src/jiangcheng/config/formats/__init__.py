"""How numbers and dates are written, where the framework's habit is not the field's."""
