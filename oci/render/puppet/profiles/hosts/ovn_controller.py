"""profile::ovn::controller: Open vSwitch, told by OVN what to do with packets of this machine."""

from __future__ import annotations

from typing import Any

from oci.domain.cluster.fleet import Fleet, Member
from oci.domain.cluster.profiles import Profile
from oci.render.puppet.profiles.cloud import certificate
from oci.render.puppet.profiles.ovn import PHYSICAL, databases, encapsulation

NAME = "profile::ovn::controller"


def parameters(fleet: Fleet, member: Member) -> dict[str, Any]:
    """Its chassis is called by the short name, as nova calls the machine: a port is bound where both agree."""
    return {
        "hostname": member.hostname,
        "encapsulation": encapsulation(member),
        "datapath_type": fleet.site_of(member).datapath_type,
        "south": databases(fleet)["south"],
        "physical": PHYSICAL,
        "interface": fleet.site_of(member).external_interface,
        "certificate": certificate("host"),
    }


PROFILE = Profile(parameters, certificates=("host",), checks=("ovn.chassis",), packages=("openvswitch-switch", "ovn-host"))
