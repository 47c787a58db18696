"""People, sign-in and tokens, as they cross the border."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from oci.domain.levels import LEVELS, PERSONAL
from oci.schemas import looks
from oci.schemas.choice import OneOf, Word
from oci.schemas.words import PLAIN, Strict


class PersonIn(Strict):
    """Somebody who may sign in."""

    name: str = Field(description="sign-in name", pattern=r"^[a-z][a-z0-9._-]{0,63}$")
    level: Annotated[str, OneOf(PERSONAL)] = Field(description="what the person may do")
    password: str = Field(
        description="password, at least 10 characters",
        min_length=10,
        max_length=256,
        json_schema_extra={"format": "password"},
    )


class PasswordIn(Strict):
    """A new password."""

    password: str = Field(
        description="the new password, at least 10 characters",
        min_length=10,
        max_length=256,
        json_schema_extra={"format": "password"},
    )


class LevelIn(Strict):
    """A new level."""

    level: Annotated[str, OneOf(PERSONAL)] = Field(description="what the person may do")


class SignInIn(Strict):
    """Sign in as a program: the answer is a token."""

    name: str = Field(description="sign-in name", min_length=1, max_length=64, pattern=PLAIN)
    password: str = Field(description="password", min_length=1, max_length=256, json_schema_extra={"format": "password"})
    label: str = Field("ocicli", description="what the token is for", min_length=1, max_length=64, pattern=PLAIN)
    days: int = Field(30, description="days until the token expires", ge=1, le=3650)


class PersonName(BaseModel):
    """A person in a path."""

    name: str = Field(
        description="sign-in name", min_length=1, max_length=64, pattern=PLAIN, json_schema_extra=looks.named("person.list")
    )


class TokenId(BaseModel):
    """A token in a path."""

    id: int = Field(description="number of the token", ge=1, le=2**31 - 1, json_schema_extra=looks.named("token.list"))


class PersonOut(BaseModel):
    name: str
    level: Annotated[str, Word(PERSONAL)]
    disabled: bool


class PersonList(BaseModel):
    model_config = looks.PEOPLE

    people: list[PersonOut]


class TokenIn(Strict):
    """A token for programs, with the level of the person who makes it."""

    name: str = Field(description="what it is for", min_length=1, max_length=64, pattern=PLAIN)
    days: int = Field(90, description="days until it expires", ge=1, le=3650)


class TokenOut(BaseModel):
    id: int
    name: str
    person: str
    expires: float | None = Field(json_schema_extra=looks.TIME)


class TokenMade(TokenOut):
    token: str = Field(description="the token itself, shown this once")


class TokenList(BaseModel):
    model_config = looks.TOKENS

    tokens: list[TokenOut]


class Me(BaseModel):
    name: str
    level: Annotated[str, Word(LEVELS)]
