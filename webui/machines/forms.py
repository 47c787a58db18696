"""Forms about machines."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel
from wtforms import IntegerField, PasswordField, SelectField, StringField, TextAreaField
from wtforms.validators import Optional

from oci.schemas.machines.conflicts import MergeIn
from oci.schemas.machines.disks import DiskIn
from oci.schemas.machines.machines import AssignIn, BmcIn, CablingIn, EnrolIn, ReleaseIn
from webui.forms import Order


class Assign(Order):
    model = AssignIn
    plain = ("cluster", "role")
    cluster = SelectField("Cluster", validate_choice=False)
    role = SelectField("Role", validate_choice=False)
    hostname = StringField(
        "Host name",
        render_kw={"autocomplete": "off"},
        description="lower-case letters, digits, hyphens; empty: by the role's pattern",
    )
    address = StringField("Address", render_kw={"autocomplete": "off", "inputmode": "decimal"})
    addresses = TextAreaField(
        "Other addresses", description="one a line, as storage=10.2.0.11; what is not named gets the next free one"
    )

    def values(self) -> dict[str, Any]:
        found = super().values()
        return {**found, "addresses": _lines(found.get("addresses", ""))}


class Bmc(Order):
    model: ClassVar[type[BaseModel]] = BmcIn
    address = StringField("Address", render_kw={"autocomplete": "off"})
    port = IntegerField("Port", default=623, validators=[Optional()])
    username = StringField("User name", render_kw={"autocomplete": "off"})
    password = PasswordField(
        "Password", description="stored sealed and never shown again", render_kw={"autocomplete": "new-password"}
    )


class Enrol(Bmc):
    """A MAC, and a controller if its address is filled in."""

    model = EnrolIn
    mac = StringField(
        "MAC",
        render_kw={"autocomplete": "off", "spellcheck": "false"},
        description="of the card that it boots from, with colons, like 52:54:00:12:34:56",
    )
    address = StringField(
        "Controller address",
        render_kw={"autocomplete": "off"},
        description="empty: no controller, a person switches its power",
    )
    field_order = ("mac", "address", "port", "username", "password")

    def values(self) -> dict[str, Any]:
        found = super().values()
        mac = found.pop("mac", "").lower()
        return {"mac": mac, "bmc": found} if found.get("address") else {"mac": mac}


class Confirm(Order):
    model = ReleaseIn
    confirm = StringField("Name of the machine", render_kw={"autocomplete": "off", "spellcheck": "false"})


class Merge(Order):
    model = MergeIn
    other = StringField("Other record", render_kw={"autocomplete": "off", "spellcheck": "false"})
    confirm = StringField("Name of that record", render_kw={"autocomplete": "off", "spellcheck": "false"})


class ChooseDisk(Order):
    model = DiskIn
    disk = StringField("Disk")
    confirm = StringField(
        "Name of the disk",
        description="its wwn:, serial: or path: name, where it must be confirmed",
        render_kw={"autocomplete": "off", "spellcheck": "false"},
    )


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


class Cabling(Order):
    model = CablingIn
    cards = TextAreaField("Cards", description="one a line: storage=eno2, by name, MAC or switch port")
    bonds = TextAreaField("Bonds", description="one a line: bond0=eno1,eno2 or bond0=eno1,eno2:active-backup")
    bridges = TextAreaField("Bridges", description="one a line: external=br-ex")
    tagged = TextAreaField("Tagged", description="networks that keep their tag whatever the switch told, one a line")
    default = StringField("Default", description="network whose gateway leads everywhere; empty: the first that has one")

    def values(self) -> dict[str, Any]:
        return {name: value if name == "default" else _lines(value) for name, value in super().values().items()}
