"""Models in the schema: which one answers, how good each is, and trainings that were asked for."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from graphql_api.batches import KEY_DESCRIPTION
from graphql_api.context import Context
from graphql_api.cursors import cursor_of, place_in
from graphql_api.global_ids import Node, global_id
from graphql_api.keys import Scope
from graphql_api.products import (
    DEFAULT_PAGE,
    After,
    Before,
    First,
    Info,
    Last,
    PageInfo,
)
from graphql_api.user_errors import UserError
from recommender.facts.errors import InvalidInput, KeyTaken, NoModel, TooManyJobs
from recommender.facts.ids import checked_id
from recommender.facts.request import checked_limit
from recommender.mongo import jobs as facts
from recommender.mongo.documents import Document, utc

ORDER = "models"
"""Names the order of models, in cursors."""
BASELINE = "popularity"
"""What every model is measured beside."""
MOST_TUNE_MINUTES = 24 * 60


@strawberry.enum(description="Where a model stands.")
class ModelState(Enum):
    UNTRAINED = strawberry.enum_value("untrained", description="Asked for, and not yet begun.")
    TRAINING = strawberry.enum_value("training", description="A worker is making it.")
    READY = strawberry.enum_value("ready", description="It answers, or can be let answer.")
    STALE = strawberry.enum_value(
        "stale", description="Too old to be let answer: only what is known of it is kept."
    )
    FAILED = strawberry.enum_value("failed", description="There is none; failureReason says why.")


@strawberry.enum(description="Where a training stands.")
class TrainingState(Enum):
    QUEUED = strawberry.enum_value("queued", description="No worker has taken it yet.")
    RUNNING = strawberry.enum_value("running", description="A worker is at it.")
    SUCCEEDED = strawberry.enum_value("succeeded", description="There is a model.")
    FAILED = strawberry.enum_value("failed", description="There is none; failureReason says why.")


@strawberry.type(description="How another way of recommending does by the same measure.")
class Baseline:
    name: str = strawberry.field(description="Such as popularity.")
    value: float = strawberry.field(description="The measure, on the same held-out events.")


@strawberry.type(description="How good a model is by one measure, on events it had not seen.")
class Metric:
    name: str = strawberry.field(description="Such as ndcg.")
    k: int | None = strawberry.field(
        description="The cut-off of a ranking measure, such as 10 for precision at 10."
    )
    value: float = strawberry.field(description="Of the model.")
    low: float | None = strawberry.field(
        description="With 95 % confidence the value, a mean over shoppers, is not below this "
        "(bootstrap). Null where that is not known, as of coverage, which is no such mean."
    )
    high: float | None = strawberry.field(description="Likewise, not above this.")
    baseline: float | None = strawberry.field(
        description="Of popularity, so that a gain can be read off."
    )
    baselines: list[Baseline] = strawberry.field(description="Of all that it was measured beside.")


@strawberry.type(description="One model. Lists are made by exactly one of them.")
class Model(Node):
    version: str = strawberry.field(description="Its name everywhere. Later ones sort later.")
    state: ModelState = strawberry.field(description="Where it stands.")
    in_service: bool = strawberry.field(description="Whether it answers now.")
    algorithm: str | None = strawberry.field(description="What it is, once it is trained.")
    trained_at: datetime | None = strawberry.field(description="When it was trained.")
    training_seconds: float | None = strawberry.field(description="How long that took.")
    shopper_count: int = strawberry.field(description="Shoppers it learned from.")
    product_count: int = strawberry.field(description="Products it knows.")
    interaction_count: int = strawberry.field(
        description="Pairs of shopper and product it learned from."
    )
    metrics: list[Metric] = strawberry.field(
        description="How good it is; none where there was too little to measure by."
    )
    failure_reason: str | None = strawberry.field(description="Why there is no model.")

    @classmethod
    def of(
        cls, card: Document, job: facts.Job | None, *, in_service: bool, is_kept: bool
    ) -> "Model":
        """What is known of a model, as the schema has it."""
        version = card["_id"]
        return cls(
            id=strawberry.ID(global_id("Model", version)),
            version=version,
            state=_state(card, job, is_kept=is_kept),
            in_service=in_service,
            algorithm=card.get("algorithm"),
            trained_at=utc(card["trained_at"]) if "trained_at" in card else None,
            training_seconds=card.get("training_seconds"),
            shopper_count=card.get("shopper_count", 0),
            product_count=card.get("product_count", 0),
            interaction_count=card.get("interaction_count", 0),
            metrics=metrics_of(card.get("metrics", {}), card.get("bounds", {})),
            failure_reason=job.failure if job else None,
        )


def _state(card: Document, job: facts.Job | None, *, is_kept: bool) -> ModelState:
    if "trained_at" in card:
        return ModelState.READY if is_kept else ModelState.STALE
    return _STATES[job.state] if job else ModelState.UNTRAINED


_STATES = {
    facts.JobState.QUEUED: ModelState.UNTRAINED,
    facts.JobState.RUNNING: ModelState.TRAINING,
    facts.JobState.SUCCEEDED: ModelState.TRAINING,
    facts.JobState.FAILED: ModelState.FAILED,
}
"""Of a model that is not stored yet."""


def metrics_of(
    measured: Mapping[str, Mapping[str, float]], bounds: Mapping[str, Sequence[float]]
) -> list[Metric]:
    """The measures of a model, which comes first, beside those of the baselines.

    Args:
        measured: model or baseline -> measure -> value.
        bounds: measure -> low and high of the model, where they are known.
    """
    if not measured:
        return []
    (_, ours), *others = measured.items()
    return [
        Metric(
            name=name.partition("@")[0],
            k=int(name.partition("@")[2]) if "@" in name else None,
            value=value,
            low=bounds[name][0] if name in bounds else None,
            high=bounds[name][1] if name in bounds else None,
            baseline=measured.get(BASELINE, {}).get(name),
            baselines=[
                Baseline(name=other, value=values[name])
                for other, values in others
                if name in values
            ],
        )
        for name, value in ours.items()
    ]


@strawberry.type(description="A model on a page of models.")
class ModelEdge:
    cursor: str = strawberry.field(description="Its place, for after and before.")
    node: Model = strawberry.field(description="The model.")


@strawberry.type(description="A page of models, the latest first.")
class ModelConnection:
    edges: list[ModelEdge] = strawberry.field(description="The models with their cursors.")
    nodes: list[Model] = strawberry.field(
        description="The same models without the edges, for callers that need no cursors."
    )
    page_info: PageInfo = strawberry.field(description="Where this page stands.")


@strawberry.type(description="A training that was asked for.")
class TrainingJob:
    job_id: strawberry.ID = strawberry.field(
        description="Its id, which is also the version of the model that comes of it."
    )
    state: TrainingState = strawberry.field(description="Where it stands.")
    requested_at: datetime = strawberry.field(description="When it was asked for.")
    started_at: datetime | None = strawberry.field(description="When a worker took it.")
    ended_at: datetime | None = strawberry.field(description="When that was done.")
    attempts: int = strawberry.field(
        description="How often a worker began. If one dies, another one takes over."
    )
    tune_minutes: float | None = strawberry.field(
        description="How long better parameters are searched for first."
    )
    stage: str | None = strawberry.field(description="What the worker is doing.")
    progress: float | None = strawberry.field(
        description="The share of the stage that is done, from 0 to 1, where that can be told."
    )
    in_service: bool | None = strawberry.field(
        description="Whether the model was put in service. One that is worse is kept, and not used."
    )
    verdict: list[str] = strawberry.field(description="How the model compares, in sentences.")
    failure_reason: str | None = strawberry.field(description="Why there is no model.")

    @strawberry.field(description="The model that comes of it.")
    async def model(self, info: Info) -> Model | None:
        return await model_of(info.context, str(self.job_id))

    @classmethod
    def of(cls, job: facts.Job) -> "TrainingJob":
        """The same job, as the schema has it."""
        return cls(
            job_id=strawberry.ID(job.job_id),
            state=TrainingState(job.state.value),
            requested_at=job.requested_at,
            started_at=job.started_at,
            ended_at=job.ended_at,
            attempts=job.attempts,
            tune_minutes=job.tune_minutes,
            stage=job.stage,
            progress=job.progress,
            in_service=job.in_service,
            verdict=list(job.verdict),
            failure_reason=job.failure,
        )


@strawberry.input(description="Which model is to answer.")
class ActivateModelInput:
    version: str = strawberry.field(description="Its version.")


@strawberry.input(description="A training to be carried out by a worker.")
class RequestTrainingInput:
    idempotency_key: str = strawberry.field(description=KEY_DESCRIPTION)
    tune_minutes: float | None = strawberry.field(
        default=None,
        description="Search for parameters that suit the shop better first, for so many minutes.",
    )


@strawberry.type(description="Which model answers from now on.")
class ModelPayload:
    model: Model | None = strawberry.field(description="The model in service.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed.")


@strawberry.type(description="What was asked for.")
class RequestTrainingPayload:
    job: TrainingJob | None = strawberry.field(description="The training, to be followed.")
    user_errors: list[UserError] = strawberry.field(description="Why there is none.")


async def models_of(context: Context, cards: list[Document]) -> list[Model]:
    """What is known of these models, and of what becomes of them."""
    versions = [card["_id"] for card in cards]
    to_come = [card["_id"] for card in cards if "trained_at" not in card]
    serving = await context.models.version_in_service()
    kept = await context.models.kept(versions)
    jobs = await context.jobs.of(to_come) if to_come else {}
    return [
        Model.of(
            card,
            jobs.get(card["_id"]),
            in_service=card["_id"] == serving,
            is_kept=card["_id"] in kept,
        )
        for card in cards
    ]


async def model_of(context: Context, version: str) -> Model | None:
    """What is known of a model; None if there is no such model."""
    card = await context.models.card(version)
    return (await models_of(context, [card]))[0] if card else None


@strawberry.type
class ModelQueries:
    @strawberry.field(description="The model that answers now; null before the first training.")
    async def model(self, info: Info) -> Model | None:
        context = info.context
        context.caller.require(Scope.READ)
        version = await context.models.version_in_service()
        return await model_of(context, version) if version else None

    @strawberry.field(
        description="Every model that was trained, failed, or is to come, the latest first. Needs "
        "a secret key."
    )
    async def models(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> ModelConnection | None:
        context = info.context
        context.caller.require(Scope.TRAINING)
        count = _page_length(first, last, context.settings.longest_page)
        cards = await context.models.cards(
            after=_version_in(after, "after") if after is not None else None,
            before=_version_in(before, "before") if before is not None else None,
            count=count + 1,
            latest_first=last is None,
        )
        more = len(cards) > count
        cards = cards[:count] if last is None else cards[:count][::-1]
        nodes = await models_of(context, cards)
        edges = [ModelEdge(cursor=cursor_of((node.version,), ORDER), node=node) for node in nodes]
        return ModelConnection(
            edges=edges,
            nodes=nodes,
            page_info=PageInfo(
                has_next_page=more if last is None else before is not None,
                has_previous_page=more if last is not None else after is not None,
                start_cursor=edges[0].cursor if edges else None,
                end_cursor=edges[-1].cursor if edges else None,
            ),
        )

    @strawberry.field(description="A training that was asked for. Needs a secret key.")
    async def training_job(
        self,
        info: Info,
        job_id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")],
    ) -> TrainingJob | None:
        info.context.caller.require(Scope.TRAINING)
        job = (await info.context.jobs.of([str(job_id)])).get(str(job_id))
        return TrainingJob.of(job) if job else None


def _version_in(cursor: str, argument: str) -> str:
    [version] = place_in(cursor, argument, ORDER, (str,))
    return str(version)


def _page_length(first: int | None, last: int | None, longest: int) -> int:
    if first is not None and last is not None:
        raise InvalidInput("first", "and last exclude one another: ask for one of the two")
    if last is not None:
        return checked_limit("last", last, longest)
    return min(DEFAULT_PAGE, longest) if first is None else checked_limit("first", first, longest)


@strawberry.type
class ModelMutations:
    @strawberry.mutation(
        description="Let this model answer, on every server, from now on. Needs a secret key."
    )
    async def activate_model(
        self,
        info: Info,
        input: Annotated[ActivateModelInput, strawberry.argument(description="Which.")],  # noqa: A002
    ) -> ModelPayload:
        context = info.context
        context.caller.require(Scope.TRAINING)
        try:
            await context.models.put_in_service(input.version, context.now())
        except NoModel as error:
            wrong = UserError.of(error, "input", "version")
            return ModelPayload(model=None, user_errors=[wrong])
        return ModelPayload(model=await model_of(context, input.version), user_errors=[])

    @strawberry.mutation(
        description="Let the model answer again that did before the one in service. Needs a secret "
        "key."
    )
    async def roll_back_model(self, info: Info) -> ModelPayload:
        context = info.context
        context.caller.require(Scope.TRAINING)
        try:
            version = await context.models.roll_back(context.now())
        except NoModel as error:
            return ModelPayload(model=None, user_errors=[UserError.of(error)])
        return ModelPayload(model=await model_of(context, version), user_errors=[])

    @strawberry.mutation(
        description="Ask for a training. A worker (python -m workers schedule) carries it out; the "
        "model answers from then on unless it is worse. Needs a secret key."
    )
    async def request_training(
        self,
        info: Info,
        input: Annotated[RequestTrainingInput, strawberry.argument(description="How.")],  # noqa: A002
    ) -> RequestTrainingPayload:
        context = info.context
        context.caller.require(Scope.TRAINING)
        try:
            key = checked_id("idempotency_key", input.idempotency_key)
            minutes = _checked_minutes(input.tune_minutes)
            job = await context.jobs.request(key, minutes, context.now())
        except (InvalidInput, KeyTaken, TooManyJobs) as error:
            return RequestTrainingPayload(job=None, user_errors=[UserError.of(error, "input")])
        return RequestTrainingPayload(job=TrainingJob.of(job), user_errors=[])


def _checked_minutes(minutes: float | None) -> float | None:
    if minutes is not None and not 0 < minutes <= MOST_TUNE_MINUTES:
        problem = f"must be more than 0 and at most {MOST_TUNE_MINUTES}, not {minutes}"
        raise InvalidInput("tune_minutes", problem)
    return minutes
