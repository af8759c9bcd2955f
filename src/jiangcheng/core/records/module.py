"""What the desk `records` declares."""

from jiangcheng.core.manifest import Manifest, Names

MANIFEST = Manifest(code="records", names=Names("台账", "Registers"))
