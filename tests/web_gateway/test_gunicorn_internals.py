"""What the gateway overrides and calls inside gunicorn is as it was when our code was written against it.

A new release that changes one of these fails here, with its name, and not on a busy evening: read what has
changed, see whether `web_gateway/worker.py` and `web_gateway/gunicorn_server.py` still do what they say, then
add the new digest. Those of releases that pyproject.toml no longer allows can go.
"""

import hashlib
import inspect
from collections.abc import Callable
from typing import Any

import gunicorn
import pytest
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.http import wsgi
from gunicorn.http.message import Request
from gunicorn.http.unreader import Unreader
from gunicorn.workers.gthread import PollableMethodQueue, TConn, ThreadWorker

from web_gateway import gunicorn_server
from web_gateway.worker import Worker

SOURCES: dict[Callable[..., Any], str] = {
    ThreadWorker.accept: "f8dcead3dce5",
    ThreadWorker.enqueue_req: "c9f428953d24",
    ThreadWorker.finish_request: "d74497a7adab 616e7bb15a00",
    ThreadWorker.murder_pending: "7bf11f464542",
    ThreadWorker.handle: "ca85c9be3df7",
    ThreadWorker.handle_request: "6d0de5b91910",
    ThreadWorker.handle_error: "75426448389b",
    ThreadWorker.handle_exit: "b4e7decd4f92",
    ThreadWorker.handle_quit: "36bd35a8dae5",
    ThreadWorker.run: "4e104c86c6b3 f92c7394d857",
    ThreadWorker.__init__: "5681b8b542ea",
    ThreadWorker.init_process: "e4fc63a1a68e",
    TConn.__init__: "c8763d7c6597",
    TConn.init: "5ff3d4ba451c",
    TConn.close: "6d1c334ed197",
    PollableMethodQueue.defer: "4d722900967b",
    Unreader.unread: "8e325744dfca",
    Unreader.take_buffered: "89cef5e60e6f",
    Request.force_close: "656092cce3c3",
    Logger.setup: "17c79acdddea",
    Logger.exception: "091e2238cd98",
    BaseApplication.__init__: "7b95f575e050",
    BaseApplication.run: "4fcc52f6dfc0",
    BaseApplication.load_config: "e6dd967d56d4",
}
"""Digests of the source of each, as read with gunicorn 27.0.0 and 27.0.1."""


@pytest.mark.parametrize("function", SOURCES, ids=lambda function: function.__qualname__)
def test_it_is_as_it_was_read(function: Callable[..., Any]) -> None:
    digest = hashlib.sha256(inspect.getsource(function).encode()).hexdigest()[:12]
    assert digest in SOURCES[function].split(), (
        f"gunicorn {gunicorn.__version__} has another {function.__module__}.{function.__qualname__}; "
        f"read it, then add {digest}"
    )


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(Worker, ThreadWorker), (gunicorn_server._Log, Logger), (gunicorn_server._Server, BaseApplication)],
)
def test_all_that_is_overridden_is_listed(ours: type, theirs: type) -> None:
    overridden = {
        getattr(theirs, name)
        for name, value in vars(ours).items()
        if inspect.isfunction(value) and hasattr(theirs, name)
    }
    known = {*SOURCES, object.__init__, BaseApplication.load}  # `load` is there to be overridden
    assert not overridden - known


def test_the_attributes_that_we_set_are_there() -> None:
    assert isinstance(wsgi.SERVER, str)
    read = inspect.getsource(ThreadWorker.__init__) + inspect.getsource(ThreadWorker.init_process)
    for name in ("max_keepalived", "nr_conns", "poller", "method_queue"):
        assert f"self.{name} = " in read, f"gunicorn {gunicorn.__version__} has no ThreadWorker.{name}"
