"""The six desks: access, portal, registry, observations, cases, indicators."""
