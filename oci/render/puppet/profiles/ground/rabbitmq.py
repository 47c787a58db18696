"""profile::rabbitmq: one RabbitMQ cluster of all members that have it, and the users that services are in it."""

from __future__ import annotations

from typing import Any

from oci.domain.cluster.fleet import Fleet, Member
from oci.domain.cluster.profiles import Profile, Secret
from oci.render.puppet.profiles.cloud import QUEUES, address, certificate, passwords

NAME = "profile::rabbitmq"
USERS = tuple(dict.fromkeys(QUEUES.values()))


def parameters(fleet: Fleet, member: Member) -> dict[str, Any]:
    """Members are known by their short names, which Erlang's node names end with."""
    users = dict.fromkeys(user for profile, user in QUEUES.items() if fleet.with_profile(profile))
    return {
        "address": address(member),
        "hostname": member.hostname,
        "members": [one.hostname for one in fleet.with_profile(NAME)],
        "users": passwords("rabbitmq", users),
        "cookie": Secret("rabbitmq.cookie"),
        "certificate": certificate("host"),
    }


PROFILE = Profile(
    parameters,
    secrets=("rabbitmq.cookie", *(f"rabbitmq.{user}" for user in USERS)),
    certificates=("host",),
    checks=("rabbitmq.members",),
    packages=("rabbitmq-server",),
)
