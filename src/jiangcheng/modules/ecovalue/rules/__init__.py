"""How the gross ecosystem product and the compensation between areas follow from their inputs."""

from jiangcheng.modules.ecovalue.rules.accounts import (
    TABLES,
    Account,
    Entry,
    Item,
    Operand,
    account,
    canonical,
    digest,
    in_force,
    restored,
    services,
    traced,
)
from jiangcheng.modules.ecovalue.rules.compensation import Payment, settle
from jiangcheng.modules.ecovalue.rules.formula import FormulaError, evaluate, names_in, substituted

__all__ = [
    "TABLES",
    "Account",
    "Entry",
    "FormulaError",
    "Item",
    "Operand",
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
    "substituted",
    "traced",
]
