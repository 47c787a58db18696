"""Forms about clusters and networks."""

from __future__ import annotations

from typing import Any

from wtforms import PasswordField, SelectField, StringField, TextAreaField

from oci.domain.networks.single import PURPOSES
from oci.schemas.clusters.clusters import ClusterIn
from oci.schemas.clusters.networks import NetworkIn
from oci.schemas.clusters.settings import SettingIn
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


class Setting(Order):
    """A value, for the scope that the page's address says."""

    model = SettingIn
    scope: dict[str, Any]

    def values(self) -> dict[str, Any]:
        return {**super().values(), **self.scope}


class SettingOfWords(Setting):
    value = StringField("Value", render_kw={"autocomplete": "off", "spellcheck": "false"})


class SettingOfLines(Setting):
    value = TextAreaField("Value", render_kw={"rows": 6, "spellcheck": "false"})


class SecretSetting(Setting):
    secret = PasswordField("Value", render_kw={"autocomplete": "new-password"})


SETTING_FORMS: dict[str, type[Setting]] = {"text": SettingOfWords, "keys": SettingOfLines, "secret": SecretSetting}
"""By the type of the setting: those that have no form of their own are a line of text."""
