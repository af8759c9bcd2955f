"""Receptor models: what sources a table of species is made of."""

from jiangcheng.methods.tracing.receptor.balance import chemical_mass_balance
from jiangcheng.methods.tracing.receptor.factors import (
    ALPHA,
    WEAK,
    Factors,
    Prepared,
    choose,
    edges,
    factorise,
    prepare,
    scaled_residuals,
    uncertainty,
)
from jiangcheng.methods.tracing.receptor.trust import Displaced, Resampled, bootstrap, displacement

__all__ = [
    "ALPHA",
    "WEAK",
    "Displaced",
    "Factors",
    "Prepared",
    "Resampled",
    "bootstrap",
    "chemical_mass_balance",
    "choose",
    "displacement",
    "edges",
    "factorise",
    "prepare",
    "scaled_residuals",
    "uncertainty",
]
