"""What every model of the border is made with: alphabets, strict input, the one shape of errors."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from oci.domain.words import DNS_NAME, LABEL, OWN_MAC_ANY_CASE

NAME = rf"^{LABEL}$"
NAME_OR_EMPTY = rf"^({LABEL})?$"
DOMAIN = rf"^{DNS_NAME}$"
MAC = rf"^{OWN_MAC_ANY_CASE}$"
# What names a thing in a path: no control characters.
PLAIN = r"^[^\x00-\x1f\x7f]+$"
PLAIN_OR_EMPTY = r"^[^\x00-\x1f\x7f]*$"
HOST = r"^[A-Za-z0-9]([A-Za-z0-9.:-]{0,62}[A-Za-z0-9])?$"


class Strict(BaseModel):
    """Input: unknown members are an error, so that a misspelt option is never silently ignored."""

    model_config = ConfigDict(extra="forbid")


class MistakeOut(BaseModel):
    """One mistake in a document."""

    line: int = Field(description="line of the document, from 1")
    where: str = Field(description="where in the document, like roles.compute.machines[2]")
    text: str = Field(description="what is wrong, why, and what can be written instead")


class ErrorOut(BaseModel):
    """The one shape of every error."""

    error: str = Field(description="short stable word for programs")
    message: str = Field(description="what happened, why, and what can be done instead")
    id: str = Field("", description="to be found again in the log")
    mistakes: list[MistakeOut] = Field([], description="all mistakes of a document that was sent")
