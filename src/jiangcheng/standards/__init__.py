"""What the law says: limits, breakpoints, classes and codes as dated rows with source and clause.

`lookup` gives the row in force on a date, `rounding` rounds as GB/T 8170 does, `periods` knows hour labels,
natural days and the number of values that make a mean valid, `codes` translates factor codes.
"""
