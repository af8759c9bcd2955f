"""Large numbers are written in groups of three, as the statistical yearbooks do (GB/T 15835-2011, 5.1.1)."""

NUMBER_GROUPING = 3
THOUSAND_SEPARATOR = ","
