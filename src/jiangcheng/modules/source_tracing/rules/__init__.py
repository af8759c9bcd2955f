"""Pure rules of tracing: arrays in, plain results out; no database, no clock. Times are epoch seconds (UTC)."""
