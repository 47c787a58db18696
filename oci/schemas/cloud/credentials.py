"""What lets somebody use a cloud, as it crosses the border."""

from __future__ import annotations

from pydantic import BaseModel, Field

from oci.schemas import looks
from oci.schemas.words import Strict


class CredentialsIn(Strict):
    """Where the files will lie."""

    directory: str = Field(
        "",
        description="directory to write clouds.yaml and ca.pem into; clouds.yaml names the place of ca.pem",
        max_length=1024,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        json_schema_extra={"x-directory": True},
    )


class CredentialsOut(BaseModel):
    """The way in to a cloud for its administrator. It holds a password, and is kept by nobody on the way."""

    model_config = looks.CREDENTIALS

    cluster: str
    auth_url: str = Field(description="where clients sign in")
    dashboard: str = Field(description="address of the dashboard")
    username: str
    project: str
    region: str
    clouds: str = Field(description="clouds.yaml, with the password; the cloud is called like the cluster")
    ca: str = Field(description="certificate of the cluster's CA, in PEM")
