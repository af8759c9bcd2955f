"""Pure rules of the room: clocks, screening models, radiation, stock."""
