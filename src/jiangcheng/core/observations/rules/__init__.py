"""Pure arithmetic of the store: batches, stored versions, Beijing days and months, roll-ups."""
