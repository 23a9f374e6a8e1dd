"""Parts judged by the workers of a Dask cluster: one task for each part."""

from __future__ import annotations

import logging
import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager

import distributed

from autotrain_dsl import __version__
from autotrain_dsl.catalog import Catalog
from autotrain_dsl.partitioned import Done, Task, judge_part
from autotrain_dsl.store.base import StoreError

_SECONDS = 5  # to reach a scheduler


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
        try:
            for future in distributed.as_completed(futures):
                yield self._result(future, names[future.key])
        finally:
            self.client.cancel([*futures, compiled])

    def _result(self, future: distributed.Future, name: str) -> Done:
        try:
            done: Done = future.result()
        except (distributed.KilledWorker, distributed.client.FutureCancelledError) as error:
            raise StoreError(f"part `{name}`: every worker that tried it died; see the workers' logs") from error
        except (ImportError, AttributeError) as error:
            message = f"the workers cannot run autotrain-dsl: {error}; install {__version__} with the extra there too"
            raise StoreError(message, wrong_use=True) from error
        return done


@contextmanager
def cluster(address: str | None) -> Iterator[Cluster]:
    """The cluster of a scheduler, or without an address one of processes on this machine, for the while.

    Raises StoreError where there is no scheduler, or where it has no worker.
    """
    logging.getLogger("distributed").setLevel(logging.ERROR)  # what matters comes as an exception
    try:
        if address is None:
            workers = os.cpu_count() or 1
            made = distributed.Client(n_workers=workers, threads_per_worker=1, dashboard_address=None)
        else:
            made = distributed.Client(address, timeout=_SECONDS)
    except (OSError, ValueError) as error:
        raise StoreError(f"there is no Dask scheduler at `{address}`: {str(error).splitlines()[0]}") from error
    with made as client:
        try:
            client.wait_for_workers(1, timeout=_SECONDS)
        except TimeoutError as error:
            raise StoreError(f"the Dask scheduler at `{address}` has no worker") from error
        yield Cluster(client)
