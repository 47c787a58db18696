"""Forms about clusters and networks."""

from __future__ import annotations

from typing import Any

from wtforms import IntegerField, PasswordField, SelectField, StringField, TextAreaField

from oci.domain.networks.networks import PURPOSES, USES, USUAL_MTU
from oci.schemas.clusters.clusters import ClusterIn
from oci.schemas.clusters.networks import AddressIn, NetworkChange, NetworkIn, RangeIn
from oci.schemas.clusters.settings import SettingIn
from webui.forms import Order


class NewCluster(Order):
    model = ClusterIn
    name = StringField("Name", description="lower-case letters, digits and hyphens")
    domain = StringField("Domain", description="DNS domain of its machines, like cloud.example.org")
    network = SelectField("Provisioning network", validate_choice=False)


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


class _Told(Order):
    """What can be said of a network now and later."""

    gateway = StringField("Gateway")
    dns = StringField("DNS servers", description="addresses, separated by blanks; at most 3")
    vlan = IntegerField("VLAN", default=0)
    mtu = IntegerField("MTU", default=USUAL_MTU)
    routes = TextAreaField("Routes", description="one a line: 10.9.0.0/16=10.0.0.1")
    place = StringField("Place")
    serves = SelectField(
        "DHCP",
        choices=[("none", "not at all"), ("ranges", "on the appliance's own wire"), ("relay", "through a relay")],
        description="how DHCP serves it",
        default="none",
    )

    def values(self) -> dict[str, Any]:
        found = super().values()
        return {**found, "dns": _words(found.get("dns", "")), "routes": _words(found.get("routes", ""))}


class NewNetwork(_Told):
    model = NetworkIn
    plain = ("purpose",)
    name = StringField("Name", description="lower-case letters, digits and hyphens")
    purpose = SelectField("Purpose", choices=[(name, name) for name in PURPOSES], default="provisioning")
    cidr = StringField("Network")
    first = StringField("First address")
    last = StringField("Last address")
    cluster = SelectField("Cluster", validate_choice=False)
    field_order = (
        "name",
        "purpose",
        "cidr",
        "first",
        "last",
        "gateway",
        "dns",
        "vlan",
        "cluster",
        "mtu",
        "routes",
        "place",
        "serves",
    )


class ChangeNetwork(_Told):
    model = NetworkChange


class NewRange(Order):
    model = RangeIn
    plain = ("first", "last")
    first = StringField("First address")
    last = StringField("Last address")
    use = SelectField("For", choices=[(name, name) for name in USES])
    note = StringField("Note")


class HoldAddress(Order):
    model = AddressIn
    address = StringField("Address")
    vip = StringField("Virtual address")
    cluster = SelectField("Cluster", validate_choice=False)
    note = StringField("Note")


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
