"""Forms about clusters and networks."""

from __future__ import annotations

from typing import Any

from wtforms import SelectField, StringField

from oci.domain.networks.networks import PURPOSES
from oci.schemas.clusters.clusters import ClusterIn
from oci.schemas.clusters.networks import NetworkIn
from webui.forms import Order


class NewCluster(Order):
    model = ClusterIn
    name = StringField("Name", description="lower-case letters, digits and hyphens")
    domain = StringField("Domain", description="DNS domain of its machines, like cloud.example.org")
    network = SelectField("Provisioning network", validate_choice=False)


class NewNetwork(Order):
    model = NetworkIn
    plain = ("purpose",)
    name = StringField("Name", description="lower-case letters, digits and hyphens")
    purpose = SelectField("Purpose", choices=[(name, name) for name in PURPOSES], default="provisioning")
    cidr = StringField("Network")
    first = StringField("First address")
    last = StringField("Last address")
    gateway = StringField("Gateway")
    dns = StringField("DNS servers", description="addresses, separated by blanks; at most 4")

    def values(self) -> dict[str, Any]:
        found = super().values()
        return {**found, "dns": found.get("dns", "").replace(",", " ").split()}
