"""What a parameter of a Puppet class may be made of."""

from __future__ import annotations

from dataclasses import dataclass

SETTING, SITE, MEMBERS, VIRTUAL, NETWORK = "setting", "site", "members", "virtual address", "network"
MACHINE, CLUSTER, SECRET, CERTIFICATE, PROFILE = "machine", "cluster", "secret", "certificate", "profile"
KINDS = {
    SETTING: "a setting of clusters, roles and machines",
    SITE: "what the appliance's configuration says",
    MEMBERS: "the members of the cluster that have a profile",
    VIRTUAL: "a virtual address of the cluster",
    NETWORK: "a network that members stand on",
    MACHINE: "a fact of the machine itself",
    CLUSTER: "a fact of the cluster",
    SECRET: "a secret of the cluster",
    CERTIFICATE: "a certificate",
    PROFILE: "the profile itself",
}
"""Kinds of what a parameter may hang on."""


@dataclass(frozen=True)
class Input:
    """One thing of a snapshot: its kind (of KINDS), its name there, and what it is, in words."""

    kind: str
    name: str
    value: str
