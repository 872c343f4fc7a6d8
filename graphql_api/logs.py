"""Log lines: one form for ours and for those of the libraries, for people or for machines."""

import logging
import math
import sys

import structlog

from recommender.settings import Settings

MOST_FRAMES = 20

log = structlog.get_logger(__name__)
_standard_log = logging.getLogger(__name__)


class AccessLog:
    """A line for each request, if the settings want one, and a warning for each slow one.

    Of all lines these must know least: not who asked, nor for whom, nor what exactly.
    """

    def __init__(self, settings: Settings) -> None:
        self._level = logging.getLevelNamesMapping()[settings.access_log_level.upper()]
        self._slow_seconds = settings.slow_request_seconds or math.inf

    def write(self, what: str, seconds: float, **known: object) -> None:
        """Tell what took so many seconds."""
        if seconds > self._slow_seconds:
            log.warning(f"slow_{what}", **known, duration_ms=round(1000 * seconds, 1))
        # Asked first: structlog would make the line, and logging throw it away.
        elif _standard_log.isEnabledFor(self._level):
            log.log(self._level, what, **known, duration_ms=round(1000 * seconds, 1))


def configure(settings: Settings) -> None:
    """Everything goes to standard error from here on."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering(settings),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    # The driver tells of every heartbeat, and of documents, which may hold what shoppers did.
    logging.getLogger("pymongo").setLevel(logging.WARNING)


def _rendering(settings: Settings) -> list[structlog.typing.Processor]:
    """An event as a line, its traceback without the values of variables.

    structlog's defaults show them: who the shopper is, and the password of MONGODB_URI. They
    also take a second for each error.
    """
    if settings.log_format == "text":
        return [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    traceback = structlog.tracebacks.ExceptionDictTransformer(
        show_locals=False, max_frames=MOST_FRAMES
    )
    return [
        structlog.processors.ExceptionRenderer(traceback),
        structlog.processors.JSONRenderer(),
    ]
