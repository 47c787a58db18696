"""Forms. What is valid is said once, in oci.schemas; a form only knows which control shows a field."""

from __future__ import annotations

from typing import Any, ClassVar

from flask_wtf import FlaskForm
from pydantic import BaseModel, ValidationError
from wtforms import IntegerField, PasswordField, SelectField, StringField
from wtforms.validators import Optional

from oci.domain.levels import PERSONAL
from oci.domain.networks import PURPOSES
from oci.schemas.conflict import MergeIn
from oci.schemas.disk import DiskIn
from oci.schemas.machine import AssignIn, BmcIn, EnrolIn, ReleaseIn
from oci.schemas.site import ClusterIn, LevelIn, NetworkIn, PasswordIn, PersonIn, TokenIn

WORDS = {
    "missing": "fill this in",
    "string_too_short": "this is too short; it has at least {min_length} characters",
    "string_too_long": "this is too long; it has at most {max_length} characters",
    "int_type": "this must be a whole number",
    "greater_than_equal": "this must be at least {ge}",
    "less_than_equal": "this must be at most {le}",
    "too_long": "these are too many; at most {max_length}",
}


class Order(FlaskForm):  # type: ignore[misc]
    """A form that yields a `model`. The session's guard checks the CSRF token, so the form does not."""

    model: ClassVar[type[BaseModel]]
    plain: ClassVar[tuple[str, ...]] = ()  # fields whose label says it all
    field_order: ClassVar[tuple[str, ...]] = ()

    class Meta:
        csrf = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, info in self.model.model_fields.items():
            if name in self._fields and name not in self.plain and not self[name].description:
                self[name].description = info.description or ""

    def values(self) -> dict[str, Any]:
        """The fields as the model wants them."""
        return {
            name: data.strip() if isinstance(data, str) and field.type != "PasswordField" else data
            for name, field in self._fields.items()
            if (data := field.data) is not None
        }

    def read(self) -> Any:
        """The order in the form, or None, with what is wrong beside each field."""
        if not self.validate():
            return None
        try:
            return self.model(**self.values())
        except ValidationError as wrong:
            for error in wrong.errors(include_url=False, include_input=False):
                self._blame(error)
            return None

    def _blame(self, error: Any) -> None:
        """Put one error of the model beside the field that it is about."""
        named = (str(part) for part in reversed(error["loc"]) if part in self._fields)
        field = self[next(named, next(iter(self._fields)))]
        if not field.data:
            words = "fill this in"
        elif error["type"] == "string_pattern_mismatch":
            words = f"{str(field.data)[:60]!r} does not fit: {field.description}"
        else:
            words = WORDS.get(error["type"], error["msg"]).format(**error.get("ctx", {}))
        field.errors = (*field.errors, words)


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


class NewCluster(Order):
    model = ClusterIn
    name = StringField("Name", description="lower-case letters, digits and hyphens")
    domain = StringField("Domain", description="DNS domain of its machines, like cloud.example.org")
    network = SelectField("Provisioning network", validate_choice=False)


class NewNetwork(Order):
    model = NetworkIn
    plain = ("purpose",)
    name = StringField("Name", description="lower-case letters, digits and hyphens")
    purpose = SelectField("Purpose", choices=PURPOSES, default="provisioning")
    cidr = StringField("Network")
    first = StringField("First address")
    last = StringField("Last address")
    gateway = StringField("Gateway")
    dns = StringField("DNS servers", description="addresses, separated by blanks; at most 4")

    def values(self) -> dict[str, Any]:
        found = super().values()
        return {**found, "dns": found.get("dns", "").replace(",", " ").split()}


class NewPerson(Order):
    model = PersonIn
    name = StringField(
        "Name", description="lower-case letters, digits, dot, hyphen; a letter first", render_kw={"autocomplete": "off"}
    )
    level = SelectField(
        "Level",
        choices=PERSONAL,
        description="a viewer looks, an operator works on machines, an admin also on people",
    )
    password = PasswordField("Password", render_kw={"autocomplete": "new-password"})


class Level(Order):
    model = LevelIn
    level = SelectField("Level", choices=PERSONAL)


class Password(Order):
    model = PasswordIn
    password = PasswordField("New password", render_kw={"autocomplete": "new-password"})


class NewToken(Order):
    model = TokenIn
    plain = ("name",)
    name = StringField("What it is for", render_kw={"autocomplete": "off"})
    days = IntegerField("Days", default=90)
