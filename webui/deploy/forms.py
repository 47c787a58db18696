"""The form by which drift is accepted."""

from __future__ import annotations

from wtforms import IntegerField, StringField, TextAreaField

from oci.schemas.deploy.drift import AcceptDriftIn
from webui.forms import Order

_PLAIN = {"autocomplete": "off", "spellcheck": "false"}


class AcceptDrift(Order):
    model = AcceptDriftIn
    name = StringField("Name", render_kw=_PLAIN)
    resource = StringField("Resource", render_kw=_PLAIN)
    property = StringField("Property", render_kw=_PLAIN)
    machine = StringField("Machine", render_kw=_PLAIN, description="its name; empty: all machines of the cluster")
    role = StringField("Role", render_kw=_PLAIN, description="its name; empty: machines of any role")
    reason = TextAreaField("Reason", render_kw={"rows": 2})
    days = IntegerField("Days")
