"""Routes of people, tokens and signing in."""

from __future__ import annotations

from flask import Response, current_app, g
from flask_openapi3 import OpenAPI, Tag

from oci.api.operators.parts.access import ctx, source
from oci.api.operators.parts.bodies import answers, out
from oci.api.operators.parts.told import operation
from oci.context import Actor
from oci.schemas.people.people import (
    LevelIn,
    Me,
    PasswordIn,
    PersonIn,
    PersonList,
    PersonName,
    PersonOut,
    SignInIn,
    TokenId,
    TokenIn,
    TokenList,
    TokenMade,
)
from oci.services.people import people

PERSON = Tag(name="person", description="somebody who may sign in")
TOKEN = Tag(name="token", description="what a program signs in with")
SESSION = Tag(name="session", description="signing in")
ONE = "/v1/people/<name>"


def _session(app: OpenAPI) -> None:
    @app.post(
        "/v1/session",
        tags=[SESSION],
        operation_id="session.create",
        endpoint="session_create",
        security=[{}],
        responses=answers(TokenMade, 429, status=201),
        openapi_extensions={"x-hidden": True},
    )
    def session_create(body: SignInIn) -> Response:
        """Sign in with name and password; the answer is a token"""
        me = people.sign_in(ctx(), body.name, body.password, source())
        signed_in = current_app.extensions["oci"].ctx(Actor(me.name, me.level))
        return out(people.make_token(signed_in, TokenIn(name=body.label, days=body.days)), 201)

    @app.get(
        "/v1/me", tags=[SESSION], operation_id="me", responses=answers(Me), openapi_extensions={"x-example": "ocicli me"}
    )
    def me() -> Response:
        """Show who you are to the appliance, and what you may do"""
        return out(Me(name=g.actor.name, level=g.actor.level))


def _people(app: OpenAPI) -> None:
    @app.get("/v1/people", **operation(PERSON, "list", answers(PersonList), ""))
    def person_list() -> Response:
        """List everybody who may sign in"""
        return out(people.list_people(ctx()))

    @app.post(
        "/v1/people",
        **operation(PERSON, "add", answers(PersonOut, 403, 409, status=201), "ada --level operator", **{"x-name": "name"}),
    )
    def person_add(body: PersonIn) -> Response:
        """Add somebody who may sign in"""
        return out(people.add_person(ctx(), body), 201)

    @app.put(f"{ONE}/password", **operation(PERSON, "password", answers(PersonOut, 403, 404), "ada"))
    def person_password(path: PersonName, body: PasswordIn) -> Response:
        """Set a password: your own, or as admin anybody's"""
        return out(people.set_password(ctx(), path.name, body.password))

    @app.put(f"{ONE}/level", **operation(PERSON, "level", answers(PersonOut, 403, 404, 409), "ada --level admin"))
    def person_level(path: PersonName, body: LevelIn) -> Response:
        """Make somebody a viewer, an operator or an admin"""
        return out(people.set_level(ctx(), path.name, body.level))

    @app.post(f"{ONE}/disable", **operation(PERSON, "disable", answers(PersonOut, 403, 404, 409), "ada"))
    def person_disable(path: PersonName) -> Response:
        """Shut somebody out at once: sign-in, sessions and tokens"""
        return out(people.disable_person(ctx(), path.name))

    @app.post(f"{ONE}/enable", **operation(PERSON, "enable", answers(PersonOut, 403, 404), "ada"))
    def person_enable(path: PersonName) -> Response:
        """Let somebody in again who was disabled"""
        return out(people.enable_person(ctx(), path.name))


def _tokens(app: OpenAPI) -> None:
    @app.get("/v1/tokens", **operation(TOKEN, "list", answers(TokenList), ""))
    def token_list() -> Response:
        """List your tokens; as admin everybody's"""
        return out(people.list_tokens(ctx()))

    @app.post(
        "/v1/tokens",
        **operation(TOKEN, "make", answers(TokenMade, 404, status=201), "backup --days 30", **{"x-name": "name"}),
    )
    def token_make(body: TokenIn) -> Response:
        """Make a token for a program, with your level; it is shown this once"""
        return out(people.make_token(ctx(), body), 201)

    @app.delete("/v1/tokens/<id>", **operation(TOKEN, "revoke", answers(None, 404, status=204), "3"))
    def token_revoke(path: TokenId) -> tuple[str, int]:
        """Make a token worthless: yours, or as admin anybody's"""
        people.revoke_token(ctx(), path.id)
        return "", 204


def add(app: OpenAPI) -> None:
    """Add the routes to `app`."""
    _session(app)
    _people(app)
    _tokens(app)
