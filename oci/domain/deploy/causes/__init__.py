"""The rules by which a failure is known, in the order in which they are asked: the most specific come first.

Each module holds those of one area. A line is the failure of the first rule that knows it; of several known lines the
deepest wins, and among equals the first (see `oci.domain.deploy.failure_rule.DEPTHS`).
"""

from __future__ import annotations

from oci.domain.deploy.causes import appliance, catalogue, hardware, installer, network, packages, product, services
from oci.domain.deploy.failure_rule import Rule

RULES: tuple[Rule, ...] = (
    *product.RULES,
    *hardware.RULES,
    *installer.RULES,
    *catalogue.RULES,
    *appliance.RULES,
    *packages.RULES,
    *network.RULES,
    *services.RULES,
)
