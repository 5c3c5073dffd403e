"""Whom to believe who a client is: as many proxies in front of the app as the operator names."""

import logging
from threading import Lock

from flask import Flask, request
from werkzeug.middleware.proxy_fix import ProxyFix

log = logging.getLogger(__name__)


def trust_proxies(app: Flask, count: int) -> None:
    """Take a client's address and scheme from the headers that so many proxies add to.

    Nothing else is taken from them: no host, no port, no prefix.  With 0 the headers are ignored,
    because any client can send them; the first request that has one is worth a line in the log.
    """
    if count:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=count, x_proto=count, x_host=0, x_port=0, x_prefix=0
        )
        return
    warned = Lock()  # never released: once in a process

    @app.before_request
    def warn() -> None:
        if "X-Forwarded-For" in request.headers and warned.acquire(blocking=False):
            log.warning(
                "A request has the header X-Forwarded-For, which is ignored. If a proxy is in front"
                " of the app, set TRUSTED_PROXIES=1, or all clients share one rate limit."
            )
