"""Pages about people: signing in, one's own account, everybody's."""

from __future__ import annotations

from webui.people import account, people, sign_in

FAMILIES = (sign_in, people, account)
