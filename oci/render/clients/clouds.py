"""clouds.yaml: how OpenStack's own clients reach a cloud, and how they sign in to it.

Source: openstacksdk, "Configuring OpenStack SDK Applications".
"""

from __future__ import annotations

import json

from oci.domain.cloud.access import Access

FILE, CA_FILE = "clouds.yaml", "ca.pem"


def clouds(access: Access, ca: str = CA_FILE) -> str:
    """The file with one cloud, called like its cluster. `ca` is where its CA lies on the host of the client.

    Every scalar stands in double quotes as JSON has them, which YAML reads alike.
    """
    quoted = json.dumps
    auth = {
        "auth_url": access.auth_url,
        "username": access.username,
        "password": access.password,
        "project_name": access.project,
        "user_domain_id": access.domain,
        "project_domain_id": access.domain,
    }
    lines = [
        f"# The cloud of the cluster {access.cluster}. It holds a password: whoever reads it administers the cloud.",
        "clouds:",
        f"  {quoted(access.cluster)}:",
        "    auth:",
        *(f"      {name}: {quoted(value)}" for name, value in auth.items()),
        f"    region_name: {quoted(access.region)}",
        '    identity_api_version: "3"',
        '    interface: "public"',
        f"    cacert: {quoted(ca)}",
    ]
    return "\n".join((*lines, ""))
