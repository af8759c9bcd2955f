"""Pure rules of straw burning and disposal: no database, no clock; times are UTC, positions WGS 84."""
