"""How the gross ecosystem product and the compensation between areas follow from their inputs."""

from jiangcheng.modules.ecovalue.rules.accounts import (
    TABLES,
    Account,
    Entry,
    Item,
    account,
    canonical,
    digest,
    in_force,
    restored,
    services,
)
from jiangcheng.modules.ecovalue.rules.compensation import Payment, settle
from jiangcheng.modules.ecovalue.rules.formula import FormulaError, evaluate, names_in

__all__ = [
    "TABLES",
    "Account",
    "Entry",
    "FormulaError",
    "Item",
    "Payment",
    "account",
    "canonical",
    "digest",
    "evaluate",
    "in_force",
    "names_in",
    "restored",
    "services",
    "settle",
]
