"""Forms about people and their tokens."""

from __future__ import annotations

from wtforms import IntegerField, PasswordField, SelectField, StringField

from oci.domain.levels import PERSONAL
from oci.schemas.people.people import LevelIn, PasswordIn, PersonIn, TokenIn
from webui.forms import Order


class NewPerson(Order):
    model = PersonIn
    name = StringField(
        "Name", description="lower-case letters, digits, dot, hyphen; a letter first", render_kw={"autocomplete": "off"}
    )
    level = SelectField(
        "Level",
        choices=[(name, name) for name in PERSONAL],
        description="a viewer looks, an operator works on machines, an admin also on people",
    )
    password = PasswordField("Password", render_kw={"autocomplete": "new-password"})


class Level(Order):
    model = LevelIn
    level = SelectField("Level", choices=[(name, name) for name in PERSONAL])


class Password(Order):
    model = PasswordIn
    password = PasswordField("New password", render_kw={"autocomplete": "new-password"})


class NewToken(Order):
    model = TokenIn
    plain = ("name",)
    name = StringField("What it is for", render_kw={"autocomplete": "off"})
    days = IntegerField("Days", default=90)
