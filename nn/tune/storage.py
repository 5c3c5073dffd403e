"""Where searches are kept: a study of Optuna's, in a file of the user's or in a shared database."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from nn.data.download import cache_folder
from nn.zoo import Recipe

# A database that is gone without a word is noticed within a minute.
POSTGRES = {"connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10}
CONNECTING = {"postgresql": {**POSTGRES, "tcp_user_timeout": 60_000}, "sqlite": {"timeout": 60}}
SILENCE = 60_000  # milliseconds that a change may be left half done


class StudyError(Exception):
    """A study that cannot be what was asked for."""


@contextmanager
def opened_study(
    recipe: Recipe, storage: str | None = None, name: str | None = None
) -> Iterator[optuna.Study]:
    """The study of that name (made of the settings, when there is none), made when it is not there.

    Without a storage it is kept in a file in the user's cache.  Raises StudyError for a storage
    that cannot be one and for a study with other settings, and, also later, ConnectionError for a
    database that cannot be used.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    settings = {"recipe": recipe.to_json()}
    name = name or name_for(recipe, settings)
    url = database(storage, name)
    try:
        store = opened_storage(url)
        try:
            study = optuna.create_study(
                storage=store,
                pruner=optuna.pruners.MedianPruner(),
                study_name=name,
                direction="maximize",
                load_if_exists=True,
            )
            agree(study, settings)
            yield study
        finally:
            store.remove_session()
            store.engine.dispose()
    except (SQLAlchemyError, StorageInternalError) as error:
        raise ConnectionError(f"{place(url)} cannot be used: {reason(error)}") from None


def name_for(recipe: Recipe, settings: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:8]
    return f"{recipe.name}-{recipe.epochs}-epochs-{recipe.limit}-images-seed-{recipe.seed}-{digest}"


def database(storage: str | None, name: str) -> URL:
    """Where the study is kept.  Raises StudyError for what is no URL of a database."""
    if storage is None:
        folder = cache_folder() / "tuning"
        folder.mkdir(parents=True, exist_ok=True)
        return URL.create("sqlite", database=str(folder / f"{name}.db"))
    if storage.count("@") > 1:  # the rest of the password would be taken for the host, and shown
        raise StudyError("write an @ that is part of the password in --storage as %40")
    try:
        url = make_url(storage)
    except (ArgumentError, ValueError):  # these show what they were given
        example = "postgresql://user:password@host/database"
        raise StudyError(f"--storage is no URL of a database, such as {example}") from None
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    return url


def opened_storage(url: URL) -> RDBStorage:
    """Raises StudyError for an unknown kind of database, and SQLAlchemy's errors."""
    text = url.render_as_string(hide_password=False)
    text = text.replace("{", "{{").replace("}", "}}")  # Optuna formats it
    options = {"pool_pre_ping": True, "connect_args": CONNECTING.get(url.get_backend_name(), {})}
    for _ in range(20):
        try:
            return unlocked(RDBStorage(text, options))
        except NoSuchModuleError:
            raise StudyError(f"there is no kind of database {url.drivername!r}") from None
        except ImportError:
            raise ConnectionError(f"the driver of {url.drivername} is not installed") from None
        except RuntimeError as error:  # tables of another version of Optuna
            raise ConnectionError(f"{place(url)}: {error}") from None
        except DBAPIError as error:
            failed = error
            if error.statement is None:  # there was no connection
                break
            # else another worker may have made the same tables at the same time
    raise failed


def unlocked(store: RDBStorage) -> RDBStorage:
    """The storage, where a worker that is cut off in the middle of a change locks out no other."""

    def limit_silence(connection: Any, _: Any) -> None:
        connection.execute(f"SET idle_in_transaction_session_timeout = {SILENCE}")
        connection.commit()

    if store.engine.dialect.driver == "psycopg":
        event.listen(store.engine, "connect", limit_silence)
        store.engine.dispose()  # the connections that came before
    return store


def place(url: URL) -> str:
    """What to call a database: nothing of this is secret."""
    return f"the database {'/'.join(filter(None, (url.host, url.database)))}"


def reason(error: Exception) -> str:
    """What the database's driver said, in one line."""
    cause = error.__cause__ if isinstance(error, StorageInternalError) else error
    return " ".join(str(getattr(cause, "orig", None) or cause).split())


def agree(study: optuna.Study, settings: dict[str, Any]) -> None:
    """Keeps the settings with a new study.  Raises StudyError when it was made with others."""
    if "settings" not in study.user_attrs and not study.get_trials(deepcopy=False):
        study.set_user_attr("settings", settings)
    kept = study.user_attrs.get("settings")
    if kept is None:
        raise StudyError(f"the study {study.study_name} was not made by this command")
    if kept != json.loads(json.dumps(settings)):
        recipe = kept["recipe"]
        raise StudyError(
            f"the study {study.study_name} is of {recipe['name']} with {recipe['epochs']} epochs, "
            f"{recipe['limit']} images and seed {recipe['seed']}, and of the recipe as it was "
            "then: ask for the same, or name another --study"
        )
