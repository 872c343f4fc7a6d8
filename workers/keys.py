"""Make, list and revoke keys, and sign a user's id."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.table import Column, Table
from rich.text import Text

from recommender.facts.errors import InvalidSetting
from recommender.facts.keys import ALLOWED, Key, KeyKind, Scope
from recommender.facts.signed_users import sign as signed
from recommender.mongo.connection import open_database
from recommender.mongo.keys import add_key, all_keys, revoke_keys
from recommender.settings import Settings
from workers.console import err, out, plain_failures

app = typer.Typer(help="Keys: who may do what.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@app.command()
def create(
    name: Annotated[str, typer.Option(help="What it is for, such as shop or storefront.")],
    kind: Annotated[
        KeyKind,
        typer.Option(help="publishable: for pages, everybody sees it. secret: for servers."),
    ],
    scope: Annotated[
        list[Scope] | None, typer.Option(help="What it allows; all its kind can if not said.")
    ] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(help="A site whose pages may use it, beside those of ALLOWED_ORIGINS."),
    ] = None,
    expires_in_days: Annotated[
        float | None, typer.Option(help="How long it lives; until it is revoked if not said.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a key. It is shown this one time; only its digest is kept.

    Two keys of a name can live at once: make the new one, change over, revoke the old one.
    """
    with plain_failures():
        lifetime = None if expires_in_days is None else timedelta(days=expires_in_days)
        key, text = Key.make(name, kind, datetime.now(UTC), scope or (), origin or (), lifetime)
        with open_database(Settings.read()) as database:
            add_key(database, key)
    if as_json:
        out.print_json(json.dumps({**as_dict(key), "key": text}))
        return
    out.print(text, highlight=False, soft_wrap=True)
    err.print(
        f"This {kind} key is shown once: keep it now. Running APIs know it within seconds.",
        highlight=False,
    )


@app.command("list")
def list_keys(as_json: Json = False) -> None:
    """Show every key there ever was: its id, never the key itself."""
    with plain_failures(), open_database(Settings.read()) as database:
        keys = all_keys(database)
    if as_json:
        out.print_json(json.dumps([as_dict(key) for key in keys]))
    else:
        out.print(as_table(keys, datetime.now(UTC)))


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(help="The id of a key, or the name of all to revoke.")],
) -> None:
    """Revoke a key, or all of a name. Running APIs refuse it within seconds."""
    with plain_failures(), open_database(Settings.read()) as database:
        revoked = revoke_keys(database, key, datetime.now(UTC))
    for gone in revoked:
        out.print(f"Revoked {gone.key_id} ({gone.name}).", highlight=False, markup=False)
    if not revoked:
        err.print("It was revoked or had expired before.")


@app.command()
def sign(
    user_id: Annotated[str, typer.Argument(help="The shop's own id of the user.")],
    minutes: Annotated[float, typer.Option(min=0, help="How long it is good for.")] = 60,
) -> None:
    """Print a signed user id, as the shop's server would make one, to try things out."""
    with plain_failures():
        secrets = Settings.read().signing_secrets
        if not secrets:
            raise InvalidSetting("Set SHOPPER_SIGNING_SECRETS to sign with: openssl rand -hex 32")
        until = datetime.now(UTC) + timedelta(minutes=minutes)
        out.print(signed(user_id, until, secrets[0]), highlight=False, markup=False, soft_wrap=True)


def as_dict(key: Key) -> dict[str, Any]:
    """What is known of a key, for machines."""
    moments = {
        name: moment and moment.isoformat()
        for name in ("created_at", "expires_at", "revoked_at", "last_used_at")
        for moment in [getattr(key, name)]
    }
    return {
        "key_id": key.key_id,
        "name": key.name,
        "kind": key.kind,
        "scopes": sorted(key.scopes),
        "origins": list(key.origins),
        **moments,
    }


def as_table(keys: Iterable[Key], now: datetime) -> Table:
    """What is known of keys, for people."""
    table = Table(Column("Id", no_wrap=True), "Name", "Allows", "Origins", "Used", "State")
    for key in keys:
        table.add_row(
            key.key_id,
            Text(key.name),
            "all" if key.scopes == ALLOWED[key.kind] else ", ".join(sorted(key.scopes)),
            ", ".join(key.origins),
            f"{key.last_used_at:%Y-%m-%d}" if key.last_used_at else "never",
            _state(key, now),
        )
    return table


def _state(key: Key, now: datetime) -> str:
    if key.revoked_at:
        return f"revoked {key.revoked_at:%Y-%m-%d}"
    if not key.is_live(now):
        return f"expired {key.expires_at:%Y-%m-%d}"
    return f"until {key.expires_at:%Y-%m-%d}" if key.expires_at else "live"
