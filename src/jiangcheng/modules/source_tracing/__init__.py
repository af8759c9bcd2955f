"""The room 溯源分析: runs of tracing that are stored, run again and checked in the field."""
