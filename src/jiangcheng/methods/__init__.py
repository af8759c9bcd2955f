"""How it is computed, where two modules need the same: averaging, statistics, budgets, geometry."""
