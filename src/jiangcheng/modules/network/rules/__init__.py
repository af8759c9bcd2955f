"""Rules of the network: coverage, validity of quality control, laboratory values, tables, the rural index."""
