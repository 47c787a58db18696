"""Roles, as they cross the border."""

from __future__ import annotations

from pydantic import BaseModel

from oci.schemas import looks


class RoleOut(BaseModel):
    name: str
    title: str
    order: int
    needs: dict[str, int]
    profiles: list[str]


class RoleList(BaseModel):
    model_config = looks.ROLES

    roles: list[RoleOut]
