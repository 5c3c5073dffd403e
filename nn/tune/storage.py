"""Where a search is stored: an Optuna study, in a file of the user's or in a shared database."""

import hashlib
import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning, StorageInternalError
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from tenacity import retry, retry_if_exception, stop_after_attempt

from nn.data.download import cache_folder
from nn.zoo import Recipe

HEARTBEAT = 10  # seconds between two
GRACE_PERIOD = 60  # seconds without a heartbeat after which a trial has failed
RETRIES = 2  # of the same settings: they may be what kills their workers

# A connection that breaks silently is noticed within a minute; a worker that is suspended in the
# middle of a transaction locks out the others for a minute at most.
POSTGRES = {
    **{"connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10},
    **{"tcp_user_timeout": 60_000, "options": "-c idle_in_transaction_session_timeout=60000"},
}
CONNECT_ARGS = {"postgresql": POSTGRES, "sqlite": {"timeout": 60}}


class StudyError(Exception):
    """The study asked for cannot be opened; the message says what to change."""


class Storage(RDBStorage):
    """Optuna's storage, with a heartbeat that survives an interruption of the database."""

    def record_heartbeat(self, trial_id: int) -> None:
        with suppress(StorageInternalError, SQLAlchemyError):  # the training thread reports them
            super().record_heartbeat(trial_id)


@contextmanager
def opened_study(
    recipe: Recipe, storage: str | None = None, name: str | None = None
) -> Iterator[optuna.Study]:
    """The study of that name, created if need be; without a storage in a file in the user's cache.

    The default name is made of the settings.  Raises StudyError for a wrong URL and for a
    study of other settings; a database that cannot be used, or no longer, is a ConnectionError.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    settings = {"recipe": recipe.to_json()}
    digest = hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:8]
    sizes = f"{recipe.epochs}-epochs-{recipe.limit}-images-seed-{recipe.seed}"
    name = name or f"{recipe.name}-{sizes}-{digest}"
    with opened_storage(database_url(storage, name)) as store:
        study = optuna.create_study(
            storage=store,
            pruner=optuna.pruners.MedianPruner(),
            study_name=name,
            direction="maximize",
            load_if_exists=True,
        )
        check_settings(study, settings)
        yield study


def database_url(storage: str | None, name: str) -> URL:
    """The database's URL.  Errors do not quote it, since there may be a password in it."""
    if storage is None:
        folder = cache_folder() / "tuning"
        folder.mkdir(parents=True, exist_ok=True)
        return URL.create("sqlite", database=str(folder / f"{name}.db"))
    if storage.count("@") > 1:  # SQLAlchemy takes the rest of the password for the host
        raise StudyError("--storage has more than one @: write one in the password as %40")
    try:
        url = make_url(storage)
        if url.drivername == "postgres":  # as database providers write it
            url = url.set(drivername="postgresql")
        url.get_dialect().import_dbapi()
    except (ArgumentError, ValueError):
        example = "postgresql://user:password@host/database"
        raise StudyError(f"--storage is not the URL of a known database: write {example}") from None
    except ImportError:
        raise ConnectionError(
            f"the driver of {url.drivername} is not installed: install it with pip"
        ) from None
    return url


@contextmanager
def opened_storage(url: URL) -> Iterator[RDBStorage]:
    """The database's tables; what goes wrong in the block with them is a ConnectionError."""
    try:
        store = connected(url)
        try:
            yield store
        finally:
            store.remove_session()
            store.engine.dispose()
    # Optuna 5.0.0 raises UnboundLocalError when the database is gone as a trial ends.
    except (SQLAlchemyError, StorageInternalError, UnboundLocalError) as error:
        cause: BaseException | None = error
        while cause and not isinstance(cause, SQLAlchemyError):
            cause = cause.__cause__ or cause.__context__
        if not cause:
            raise
        database = "/".join(filter(None, (url.host, url.database)))  # without user and password
        reason = " ".join(str(getattr(cause, "orig", None) or cause).split())
        raise ConnectionError(f"the database {database} cannot be used: {reason}") from None


# A statement that fails here may do so because another worker creates the same tables just now.
@retry(
    retry=retry_if_exception(lambda e: isinstance(e, DBAPIError) and e.statement is not None),
    stop=stop_after_attempt(20),
    reraise=True,
)
def connected(url: URL) -> RDBStorage:
    template = url.render_as_string(hide_password=False).replace("{", "{{").replace("}", "}}")
    arguments = CONNECT_ARGS.get(url.get_backend_name(), {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # heartbeats are experimental
        try:
            return Storage(
                template,
                {"pool_pre_ping": True, "connect_args": arguments},
                heartbeat_interval=HEARTBEAT,
                grace_period=GRACE_PERIOD,
                heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(RETRIES),
            )
        except RuntimeError as error:  # the tables are of another version of Optuna
            raise ConnectionError(str(error)) from None


def check_settings(study: optuna.Study, settings: dict[str, Any]) -> None:
    """Store the settings in a new study.  Raises StudyError when it was created with others."""
    if "settings" not in study.user_attrs and not study.get_trials(deepcopy=False):
        study.set_user_attr("settings", settings)
    stored = study.user_attrs.get("settings")
    if stored is None:
        raise StudyError(
            f"the study {study.study_name} was not created by this command: use another --study"
        )
    if stored != json.loads(json.dumps(settings)):
        recipe = stored["recipe"]
        raise StudyError(
            f"the study {study.study_name} is of {recipe['name']} with {recipe['epochs']} epochs, "
            f"{recipe['limit']} images and seed {recipe['seed']}, and of the recipe at that time: "
            "use these settings or another --study"
        )
