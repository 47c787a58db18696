"""One module per page family; each knows its own addresses."""

from __future__ import annotations

from flask import Blueprint

from webui.views import account, conflicts, disks, events, health, machine, machines, overview, people, sign_in, sites, verbs


def install(bp: Blueprint) -> None:
    for family in (sign_in, overview, machines, machine, verbs, conflicts, disks, sites, events, health, people, account):
        family.routes(bp)
