"""Pure rules of wastes: no database, no clock; masses are exact decimals [t], times UTC, positions WGS 84."""
