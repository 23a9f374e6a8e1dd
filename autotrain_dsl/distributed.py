"""Parts judged by the workers of a Dask cluster: one task for each part."""

from __future__ import annotations

import logging
import os
import pickle
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import distributed

from autotrain_dsl import __version__
from autotrain_dsl.catalog import Catalog
from autotrain_dsl.partitioned import Done, Task, judge_part
from autotrain_dsl.store.base import StoreError

_SECONDS = 5  # to reach a scheduler, and between two looks at whether there still are workers
_LOOKS = 6  # that find no worker before the run gives up


class Cluster:
    """An ``Engine``: tasks whose worker dies are done by another one."""

    def __init__(self, client: distributed.Client) -> None:
        self.client = client

    def judged(self, catalog: Catalog, tasks: list[Task]) -> Iterator[Done]:
        """See ``Engine``."""
        # As a task of its own, so that a worker can make it again when the one that had it is gone.
        compiled = self.client.submit(pickle.loads, pickle.dumps(catalog), pure=False)
        keys = [f"part-{self.client.id}-{number}-{task.generation}" for number, task in enumerate(tasks)]
        futures = self.client.map(judge_part, tasks, catalog=compiled, program=__version__, key=keys, pure=False)
        names = {future.key: task.name for future, task in zip(futures, tasks, strict=True)}
        pending = set(futures)
        try:
            for future in self._done(pending):
                yield _result(future, names[future.key])
                future.release()  # a worker keeps what somebody may still ask for
        finally:
            self.client.cancel([*pending, compiled])

    def _done(self, pending: set[distributed.Future]) -> Iterator[distributed.Future]:
        """The tasks as they are done, however long it takes, as long as there is somebody to do them."""
        alone = 0
        while pending:
            try:
                found = distributed.wait(list(pending), timeout=_SECONDS, return_when="FIRST_COMPLETED").done
            except TimeoutError:
                alone = 0 if self.client.scheduler_info()["workers"] else alone + 1
                if alone >= _LOOKS:
                    message = f"there has been no Dask worker for {_SECONDS * _LOOKS} s: start one and run again"
                    raise StoreError(message) from None
                continue
            pending -= found
            yield from found


def _result(future: distributed.Future, name: str) -> Done:
    """What a task gave. Raises StoreError where the cluster is to blame."""
    try:
        done: Done = future.result()
    except distributed.KilledWorker as error:
        raise StoreError(f"part `{name}`: every worker that tried it died; see the workers' logs") from error
    except distributed.client.FutureCancelledError as error:
        raise StoreError("the Dask scheduler is gone; see its log, and run again") from error
    except (ImportError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "deserializ" not in str(error):
            raise
        message = f"workers and scheduler cannot load autotrain-dsl ({error}): install {__version__} on all of them"
        raise StoreError(message, wrong_use=True) from error
    return done


@contextmanager
def cluster(address: str | None) -> Iterator[Cluster]:
    """The cluster of a scheduler, or without an address one of processes on this machine, for the while.

    Raises StoreError where there is no scheduler, or where it has no worker.
    """
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters comes as an exception
    with ExitStack() as stack:
        client = stack.enter_context(_local(stack) if address is None else _remote(address))
        try:
            client.wait_for_workers(1, timeout=_SECONDS)
        except TimeoutError as error:
            message = f"the Dask scheduler{_at(address)} has no worker: start one with `dask worker ADDRESS`"
            raise StoreError(message) from error
        yield Cluster(client)


def _local(stack: ExitStack) -> distributed.Client:
    workers = os.cpu_count() or 1
    made = distributed.LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address="127.0.0.1:0")
    return distributed.Client(stack.enter_context(made))


def _remote(address: str) -> distributed.Client:
    try:
        return distributed.Client(address, timeout=_SECONDS)
    except (OSError, ValueError, TypeError, ImportError) as error:
        why = (str(error).splitlines() or [type(error).__name__])[0]
        why = f"; {why}" if "@" not in address else ""
        message = (
            f"there is no Dask scheduler{_at(address)}: is it running, and is the address such as tcp://HOST:8786?"
        )
        raise StoreError(f"{message}{why}") from error


def _at(address: str | None) -> str:
    """Where it should be, without anything that might be a password."""
    return f" at `{address}`" if address and "@" not in address else ""
