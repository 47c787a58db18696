"""The form of a cluster's document."""

from __future__ import annotations

from typing import Any

from wtforms import StringField, TextAreaField

from oci.schemas.cloud.declarations import ApplyIn
from webui.forms import Order


class Declare(Order):
    model = ApplyIn
    document = TextAreaField(
        "YAML",
        description="the same that `ocicli cluster export` prints and `ocicli cluster apply` takes",
        render_kw={"rows": 24, "spellcheck": "false", "autocapitalize": "off", "wrap": "off"},
    )

    note = StringField("Note", render_kw={"maxlength": "200", "autocomplete": "off"})

    def values(self) -> dict[str, Any]:
        # Browsers send CR LF. What is typed is not stripped: lines are counted from the first.
        return {**super().values(), "document": (self.document.data or "").replace("\r\n", "\n")}
