"""How a cloud is reached by somebody who may do everything in it."""

from __future__ import annotations

from dataclasses import dataclass, field

PASSWORD = "keystone.admin"
"""Name of the secret that is the password of a cloud's first user."""


@dataclass(frozen=True)
class Access:
    """The front of one cluster's services and who signs in there. The password never appears in repr.

    `name` is that of the front, `address` where it is reached; `ca` is PEM of who signed its certificate.
    """

    cluster: str
    name: str
    address: str
    region: str
    auth_url: str
    dashboard: str
    ca: str = field(repr=False)
    password: str = field(repr=False)
    username: str = "admin"
    project: str = "admin"
    domain: str = "default"
