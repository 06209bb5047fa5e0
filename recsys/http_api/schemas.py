"""Bodies, queries and responses of the API. They are checked by their types alone, and the OpenAPI document is made from them."""

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

MOST_EVENTS = 2_000
"""Events of a history in a body, and steps of one replay."""
MOST_EXPLAINED_EVENTS = 5_000
MOST_CANDIDATES = 10_000
MOST_ITEMS = 1_000
MOST_EVALUATIONS = 4_096
LONGEST_NUMBER = 10
FIRST_SECOND, LAST_SECOND = -62_135_596_800, 253_402_300_799  # the years 1 to 9999


def _parse_digits(value: object) -> object:
    """Read a whole number of a query, of digits alone; Python would also take "1_0", "1.0" and " 1"."""
    if isinstance(value, str):
        if not (value.isascii() and value.removeprefix("-").isdigit() and len(value) <= LONGEST_NUMBER):
            raise ValueError("Input should be a whole number")
        return int(value)
    return value


DatasetName = Annotated[str, Field(min_length=1, max_length=80, description="The name of a dataset, as in /api/models.")]
CheckpointName = Annotated[
    str, Field(min_length=1, max_length=80, description="The name of a checkpoint, as in /api/models; NAME@2 is its second version.")
]
UserId = Annotated[str, Field(max_length=1_000, description="The id of a user of the dataset.")]
ItemId = Annotated[str, Field(max_length=1_000, description="The id of an item of the dataset.")]
Seconds = Annotated[float, Field(ge=FIRST_SECOND, le=LAST_SECOND, description="Seconds since 1970, UTC.")]
Step = Annotated[int, Field(ge=0, le=2**31 - 1)]
QueryStep = Annotated[Step, BeforeValidator(_parse_digits)]
QueryLength = Annotated[int, Field(ge=1, le=50), BeforeValidator(_parse_digits)]


class Message(BaseModel):
    """Base of all bodies and responses: unknown fields, other types, NaN and infinity are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


class ErrorResponse(Message):
    """The response to a request that failed."""

    error: str


class NoQuery(Message):
    """Nothing needs to be given."""


class HealthResponse(Message):
    """The state of the server."""

    status: Literal["ok", "degraded"]
    version: str
    store: Annotated[bool, Field(description="Whether feedback can be read from the store now.")]


class ModelResponse(Message):
    """A checkpoint of a dataset."""

    name: str
    model: str
    version: int
    protocol: str
    created: str
    parameters: int
    validation: Annotated[dict[str, float | None], Field(description="Metrics on the validation events.")]


class DatasetResponse(Message):
    """A dataset that is prepared, with its checkpoints."""

    name: str
    title: str
    interactions: int | None
    users: int | None
    items: int | None
    repeats: Annotated[bool, Field(description="Whether items that a user had before stay candidates.")]
    example_users: list[str]
    models: list[ModelResponse]


class ModelsResponse(Message):
    """All datasets and checkpoints of the server."""

    datasets: list[DatasetResponse]


class Place(Message):
    """A place in degrees."""

    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]


class PastEvent(Message):
    """An event of an ad-hoc history."""

    item_id: ItemId
    time: Seconds | None = None
    rating: Annotated[float, Field(ge=-1e6, le=1e6)] | None = None


class RecommendBody(Message):
    """A request for a list: for a user of the dataset after `step` events, or for an ad-hoc history; one of the two."""

    dataset: DatasetName
    checkpoint: CheckpointName
    user: UserId | None = None
    step: Annotated[Step | None, Field(description="The number of the user's events to take as history; by default all of them.")] = None
    history: Annotated[
        list[ItemId | PastEvent] | None,
        Field(max_length=MOST_EVENTS, description="Item ids or events, oldest first. Items that the model does not know are ignored."),
    ] = None
    k: Annotated[int, Field(ge=1, le=MOST_ITEMS, description="The length of the list.")] = 10
    time: Annotated[Seconds | None, Field(description="The time of the request in seconds since 1970, UTC.")] = None
    utc_offset: Annotated[
        float | None, Field(ge=-1_440, le=1_440, description="Minutes to add for local time, of the request and of an ad-hoc history.")
    ] = None
    place: Annotated[Place | None, Field(description="The place of the request.")] = None
    candidates: Annotated[
        list[ItemId] | None, Field(min_length=1, max_length=MOST_CANDIDATES, description="The items to rank; by default all.")
    ] = None
    record: Annotated[
        bool, Field(description="Whether the list is shown to a person: it is then saved as an impression that feedback can answer.")
    ] = False

    @model_validator(mode="after")
    def _check_history(self) -> Self:
        if (self.user is None) == (self.history is None):
            raise ValueError("give either a user or a history")
        if self.user is None and self.step is not None:
            raise ValueError("step: an ad-hoc history has none; leave it out")
        times = [each.time for each in self.history or () if not isinstance(each, str) and each.time is not None]
        if any(later < earlier for earlier, later in pairwise(times)):
            raise ValueError("history: the times must not decrease; give the oldest event first")
        return self


class RecommendedItem(Message):
    """An item of a list. `rank` starts at 1."""

    item_id: str
    title: str
    score: float
    rank: int


class RecommendResponse(Message):
    """A list, best item first. `checkpoint` is the version that made it."""

    dataset: str
    checkpoint: str
    user: str | None
    step: int
    items: list[RecommendedItem]
    unknown: Annotated[int, Field(description="The number of events whose item the model does not know.")]
    fallback: Annotated[str | None, Field(description="The reason if the list does not depend on the history.")]
    impression_id: Annotated[str | None, Field(description="The id that feedback refers to; null unless the list was recorded.")]


class FeedbackBody(Message):
    """Feedback on an item of a list that was recorded for the same account."""

    impression_id: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
    item_id: ItemId
    action: Literal["take", "like", "dislike", "skip", "rating"]
    rating: Annotated[float | None, Field(ge=-1e6, le=1e6, description="Only with the action rating.")] = None

    @model_validator(mode="after")
    def _check_rating(self) -> Self:
        if (self.action == "rating") != (self.rating is not None):
            raise ValueError("rating: the action rating needs a number, for example 4, and other actions have none")
        return self


class FeedbackResponse(Message):
    """Feedback that is saved. The same feedback twice changes nothing."""

    saved: Literal[True]
    impression_id: str
    item_id: str
    action: str
    rating: float | None


class ReplayQuery(Message):
    """The timeline of a user, or the part of it from step `first` to before step `stop`."""

    dataset: DatasetName
    checkpoint: CheckpointName
    user: UserId
    first: Annotated[QueryStep, Field(description="The first step.")] = 0
    stop: Annotated[
        QueryStep | None, Field(description=f"The step after the last one; by default the end, at most {MOST_EVENTS:,} steps later.")
    ] = None
    k: Annotated[QueryLength, Field(description="The length of the list at every step.")] = 10


class ScoredItem(Message):
    """An item and the score that the model gives it."""

    item_id: str
    score: float


class ReplayedStep(Message):
    """One step of a timeline: the list after the first `step` events, and the rank of the item that came next."""

    step: int
    item_id: Annotated[str | None, Field(description="The item of the next event; null at the end of the timeline.")]
    rank: Annotated[float | None, Field(description="Its exact rank; null without a next event or a list, and where the list lacks it.")]
    is_listed: Annotated[bool, Field(description="False where a model of finished lists does not have the item.")]
    split: str
    fallback: str | None
    items: list[ScoredItem]


class ReplayResponse(Message):
    """Steps of a user's timeline under one checkpoint. `length` is the number of events of the whole timeline."""

    dataset: str
    checkpoint: str
    user: str
    length: int
    steps: list[ReplayedStep]
    unknown: Annotated[int, Field(description="The number of events whose item the model does not know.")]


class ExplainBody(Message):
    """A request for the Shapley values of the score of one item."""

    dataset: DatasetName
    checkpoint: CheckpointName
    user: UserId
    step: Annotated[
        Annotated[int, Field(ge=0, le=MOST_EXPLAINED_EVENTS)] | None, Field(description="The number of events before; by default all.")
    ] = None
    item_id: Annotated[ItemId | None, Field(description="The item to explain; by default the first of the list.")] = None
    budget: Annotated[
        int | None, Field(ge=2, le=MOST_EVALUATIONS, description="The number of model evaluations; by default 1,024 or more.")
    ] = None
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0


class Contribution(Message):
    """The contribution of an event, a group of events, the time or the place to the score. The standard error of an exact one is 0."""

    kind: Literal["event", "group", "time", "place"]
    label: str
    steps: list[int]
    item_id: str | None
    value: float
    standard_error: float


class ExplainResponse(Message):
    """Shapley values: baseline + contributions + residual = score."""

    dataset: str
    checkpoint: str
    user: str
    step: int
    item_id: str
    target: str
    score: float
    baseline: float
    residual: float
    contributions: list[Contribution]
    is_exact: bool
    evaluations: int
