"""The only reader of the environment."""

from collections.abc import Mapping
from pathlib import Path
from string import Formatter
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

import limits
from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from recommender.facts.errors import InvalidInput, InvalidSetting
from recommender.facts.keys import checked_origin
from recommender.facts.rules import Rules

Whole = Annotated[int, Field(ge=1)]
SHORTEST_SECRET = 32


def _web_address(text: str) -> str:
    if text and not (text.startswith(("http://", "https://")) and urlsplit(text).hostname):
        raise ValueError("must be an http(s) address such as https://shop.example")
    return text


def _image_template(text: str) -> str:
    try:
        asked = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError:
        asked = {text}
    if text and not ({"url", "encoded_url"} & asked and asked <= _IMAGE_PLACES):
        raise ValueError(
            "must have {url} or {encoded_url}, may have {width} and {height}, and nothing else in "
            "braces"
        )
    return text


_IMAGE_PLACES = {"url", "encoded_url", "width", "height"}


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _origins(text: str) -> str:
    for origin in _listed(text):
        try:
            checked_origin(origin)
        except InvalidInput as error:
            raise ValueError(error.problem) from None
    return text


def _rate(text: str) -> str:
    if text:
        try:
            limits.parse(text)
        except ValueError:
            raise ValueError("must be like 600/minute or 10 per second") from None
    return text


def _secrets(text: str) -> str:
    if any(len(secret) < SHORTEST_SECRET for secret in _listed(text)):
        # Not the value: it would be in the log.
        raise ValueError(f"must have at least {SHORTEST_SECRET} characters each")
    return text


class Settings(BaseSettings):
    """Everything an operator can set, with its default. The variable is the name in capitals."""

    model_config = SettingsConfigDict(
        frozen=True, env_file=".env", env_ignore_empty=True, extra="ignore"
    )

    mongodb_uri: str = ""
    """The MongoDB to use, such as mongodb://db1,db2/?replicaSet=rs0. Empty: the embedded one."""
    mongodb_database: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,38}$")] = "shop"
    """The database that holds the shop."""
    mongodb_timeout_seconds: Annotated[float, Field(ge=0.1, le=3600)] = 5.0
    """How long a database call of the API may take, and how long any program looks for MongoDB."""
    mongod: str = ""
    """The mongod binary for the embedded MongoDB. Empty: the one on the path, or in the wheel."""
    data_dir: Path = Path(".data")
    """Where the embedded MongoDB, demo pictures and rejected rows are kept."""

    host: str = "127.0.0.1"
    """The address the API listens on."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """The port the API listens on."""
    public_url: Annotated[str, AfterValidator(_web_address)] = ""
    """Put before image and product paths that begin with /. Empty: http://HOST:PORT."""
    allowed_origins: Annotated[str, AfterValidator(_origins)] = ""
    """Sites whose pages may call the API, such as https://shop.example, with commas between."""
    trusted_proxies: str = "127.0.0.1"
    """Addresses of proxies that are believed when they say who asks, with commas between."""
    rate_limit: Annotated[str, AfterValidator(_rate)] = "600/minute"
    """Requests of one client with one publishable key. Empty: any number."""
    server_rate_limit: Annotated[str, AfterValidator(_rate)] = "30000/minute"
    """Requests with one secret key, whoever sends them. Empty: any number."""
    require_signed_shopper: bool = False
    """Whether a publishable key may name a user only by a signed id."""
    shopper_signing_secrets: Annotated[str, AfterValidator(_secrets)] = Field(
        default="", repr=False
    )
    """What user ids are signed with, 32 characters or more: the new one, a comma, the old one."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least severe log line that is written."""
    log_format: Literal["text", "json"] = "text"
    """How log lines look: for people or for machines."""
    access_log_level: Literal["debug", "info"] = "debug"
    """The level of the line that each request gets; LOG_LEVEL says which levels are written."""
    slow_request_seconds: Annotated[float, Field(ge=0, le=3600)] = 1.0
    """A request that took longer is logged as a warning. 0: none is."""
    metrics_without_key: bool = False
    """Whether /metrics is for everybody. Otherwise it needs a secret key with the scope metrics."""
    prometheus_multiproc_dir: Path | None = None
    """Where API processes of one machine put their metrics together, so that each answers for all.
    Not in .env."""
    graphiql: bool | None = None
    """Whether a browser that opens /graphql gets GraphiQL. Empty: if HOST is this machine."""
    storefront: bool | None = None
    """Whether / is the demo shop's page. Empty: if HOST is this machine."""
    console: bool | None = None
    """Whether /console is the console. Empty: if HOST is this machine."""
    introspection: bool = True
    """Whether the schema can be asked for over GraphQL."""
    queries_by_get: bool = True
    """Whether queries may come by GET; mutations never may."""
    field_suggestions: bool = False
    """Whether an error about an unknown name says which names are like it."""
    federation: bool = False
    """Whether the API is a subgraph of the shop's own graph (Apollo Federation 2)."""
    trusted_documents: Path | None = None
    """A manifest of GraphQL documents by id, as Apollo's or Relay's tools write it."""
    trusted_documents_only: bool = False
    """Whether only the documents of that manifest are executed."""
    persisted_documents: Annotated[int, Field(ge=0)] = 1_000
    """Documents kept that clients sent with their hash. 0: none, and they are told so."""
    request_timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 10.0
    """How long a GraphQL request may take before it is answered with 503."""

    image_transform_url: Annotated[str, AfterValidator(_image_template)] = ""
    """Where pictures come in other sizes: an address with {url} or {encoded_url} of the picture,
    {width} and {height} (empty where any will do). Empty: pictures come as they are."""

    longest_shelf: Whole = 100
    """The most products one list may have."""
    longest_list: Whole = 200
    """The most products that are kept of a list which can be walked further."""
    cursor_hours: Annotated[float, Field(gt=0, le=24 * 365)] = 24.0
    """How long a list can be walked after it was made."""
    most_shelves: Whole = 12
    """The most shelves of one page."""
    kept_lists_days: Annotated[float, Field(ge=0, le=36_500)] = 90.0
    """How long it is remembered which lists were served. 0: they are not recorded."""
    lists_waiting: Whole = 10_000
    """The most lists that wait in memory to be recorded. More are lost, and counted."""
    longest_page: Whole = 100
    """The most entries of one page of products."""
    largest_batch: Whole = 500
    """The most events, products or shoppers in one mutation, and lines in one order."""
    answers_kept_hours: Annotated[float, Field(gt=0, le=8_760)] = 24.0
    """How long a retry with the same idempotency key gets the first answer back."""
    sessions_kept_days: Annotated[float, Field(gt=0, le=3_650)] = 90.0
    """How long after a sign-in late events of the session still count for the user."""
    largest_export: Whole = 1_000
    """The most events and lists on one page of what is held of a shopper."""
    largest_body_bytes: Whole = 1_000_000
    """The longest request body."""
    most_query_tokens: Whole = 2_000
    """The longest GraphQL document, in tokens."""
    most_query_depth: Whole = 12
    """How deep fields may be nested in a GraphQL document."""
    most_query_aliases: Whole = 30
    """The most aliases in a GraphQL document."""
    most_filter_values: Whole = 1_000
    """The most values and conditions in one filter, or in all boosts together."""
    deepest_filter: Whole = 12
    """The most levels of a filter: all, any, not, and conditions side by side are one each."""
    most_root_fields: Whole = 20
    """The most fields at the top of a GraphQL operation."""
    most_query_directives: Whole = 50
    """The most directives in a GraphQL document."""
    most_query_cost: Whole = 5_000
    """The most that a GraphQL operation may cost: objects it can bring back, shelves ten times."""
    cached_documents: Whole = 500
    """GraphQL documents kept parsed and validated."""

    most_subscriptions: Whole = 1_000
    """The most subscriptions that one API process has at a time."""
    most_subscriptions_per_connection: Whole = 10
    """The most operations that one WebSocket has going at a time."""

    ready_without_model: bool = True
    """Whether /ready says yes before the first training, when lists are popular and new."""

    most_per_brand: Annotated[int, Field(ge=0)] = 0
    """The most products of one brand in a list. 0: any number."""
    most_per_category: Annotated[int, Field(ge=0)] = 0
    """The most products of one category (the deepest level) in a list. 0: any number."""
    exploration_share: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """The share of a home or similar list that goes to young products that few have met."""
    exploration_days: Annotated[float, Field(gt=0, le=3650)] = 30.0
    """How long after its first day in the shop a product is young."""

    history_length: Annotated[int, Field(ge=1, le=20_000)] = 1_000
    """The latest events of a shopper that a list is made from."""
    acts_in_memory: Annotated[int, Field(ge=0)] = 200_000
    """Acts of recent shoppers that each API process keeps in memory (200 bytes each). 0: none."""
    popular_events: Whole = 20_000
    """The latest events that popularity is counted from while no model is trained."""
    poll_seconds: Annotated[float, Field(ge=0.01, le=3600)] = 5.0
    """How often changes are looked for where MongoDB is no replica set."""

    attribution_window_hours: Annotated[float, Field(ge=0, le=8_760)] = 24.0
    """How long after it showed a product a list may be credited with acts that name none."""
    crediting_seconds: Annotated[float, Field(ge=0.1, le=86_400)] = 60.0
    """How often what came in is credited to lists; asking for insights does it at once."""

    most_insight_events: Whole = 1_000_000
    """The most events that shopInsights reads at once: a million take five seconds and 40 MB."""

    lease_seconds: Annotated[float, Field(ge=1, le=86_400)] = 60.0
    """How long a retrain's lease outlives a worker that died."""
    kept_models: Whole = 5
    """The most recent models whose arrays are kept, to roll back to."""
    retrain_window_days: Annotated[int, Field(ge=0, le=36_500)] = 0
    """A retrain reads events received in this many days. 0: all of them."""
    retrain_hours: Annotated[float, Field(ge=0, le=8_760)] = 24.0
    """How often `python -m workers schedule` retrains unasked. 0: never."""
    held_out_share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """The share of the time span, at its end, that a model is measured on."""
    training_threads: Whole = 1
    """Threads of LightFM. More than one is faster, and no longer repeatable to the digit."""
    training_processes: Whole = 2
    """Models that are trained side by side, each in a process of its own."""

    @classmethod
    def read(cls, values: Mapping[str, str] | None = None) -> "Settings":
        """Settings from the environment and .env, or from `values` alone.

        Raises:
            InvalidSetting: naming each variable that cannot be used, its value and what it takes.
        """
        try:
            if values is None:
                return cls()
            return _Given.model_validate({n.lower(): v for n, v in values.items() if v})
        except ValidationError as error:
            lines = "\n  ".join(_line(e) for e in error.errors())
            raise InvalidSetting(f"Cannot use these settings:\n  {lines}") from None

    @model_validator(mode="after")
    def _can_check_signatures(self) -> Self:
        if self.require_signed_shopper and not self.signing_secrets:
            raise ValueError("REQUIRE_SIGNED_SHOPPER needs SHOPPER_SIGNING_SECRETS to check them")
        return self

    @property
    def origins(self) -> frozenset[str]:
        """Sites whose pages may call the API."""
        return frozenset(checked_origin(origin) for origin in _listed(self.allowed_origins))

    @property
    def signing_secrets(self) -> tuple[str, ...]:
        """What user ids may be signed with; the first one is the newest."""
        return _listed(self.shopper_signing_secrets)

    @property
    def rules(self) -> Rules:
        """What the shop wants of every shelf."""
        return Rules(
            self.most_per_brand,
            self.most_per_category,
            self.exploration_share,
            self.exploration_days,
        )

    @property
    def shows_graphiql(self) -> bool:
        """Whether there is GraphiQL: if nothing is said, only where nobody else can come."""
        return self._is_for_us_alone if self.graphiql is None else self.graphiql

    @property
    def shows_storefront(self) -> bool:
        """Whether there is the demo shop's page: likewise."""
        return self._is_for_us_alone if self.storefront is None else self.storefront

    @property
    def shows_console(self) -> bool:
        """Whether there is the console: likewise."""
        return self._is_for_us_alone if self.console is None else self.console

    @property
    def _is_for_us_alone(self) -> bool:
        return self.host in ("127.0.0.1", "::1", "localhost") and not self.public_url

    @property
    def base_url(self) -> str:
        """What paths on this server are made absolute with."""
        # Listening on every address is not an address that can be opened.
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        host = f"[{host}]" if ":" in host else host
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")


def _line(error: ErrorDetails) -> str:
    """One setting that cannot be used. What is secret stays so: the line ends up in logs."""
    if not error["loc"]:
        return error["msg"]
    name = ".".join(str(part) for part in error["loc"]).upper()
    value = "..." if name == "SHOPPER_SIGNING_SECRETS" else repr(error["input"])
    return f"{name}={value}: {error['msg']}"


class _Given(Settings):
    """Settings that look at nothing but what they are given, for tests."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)
