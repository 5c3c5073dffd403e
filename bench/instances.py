"""One and two instances behind nginx with a Redis, and what many drawings a second would need.

Each instance has one worker, so that two have twice as many on the same machine.  Both ways to
serve run by turns.  What many drawings need is computed from what one drawing was measured to take.
"""

import contextlib
import os
import shutil
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from load_generator import LoadResult, generate_load
from redis import Redis
from server import ROOT, Server, children_of, cpu_seconds_of, run_server

sys.path.insert(0, str(ROOT))

from tests.support.servers.nginx import find_nginx, nginx
from tests.support.servers.redis_server import find_redis, redis_server

CONNECTIONS = 16
RUNS, SECONDS = 5, 4.0
WARM_UP_REQUESTS = 1000
# What Chromium sends with a drawing, on a connection without TLS.
PAGE_FIELDS = """\
Host: 127.0.0.1:8000
Connection: keep-alive
sec-ch-ua-platform: "Linux"
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
Chrome/156.0.0.0 Safari/537.36
Accept: application/json
sec-ch-ua: "Not:A-Brand";v="8", "Chromium";v="156"
Content-Type: application/json
sec-ch-ua-mobile: ?0
Origin: http://127.0.0.1:8000
Sec-Fetch-Site: same-origin
Sec-Fetch-Mode: cors
Sec-Fetch-Dest: empty
Accept-Encoding: gzip, deflate, br, zstd
Accept-Language: en-US,en;q=0.9
Cookie: seen_facts=e4YKxv4xENd5
"""
RATES = {"a million a day": 1e6 / 86400, "1,000 a second": 1e3, "100,000 a second": 1e5}
PEAK = 5  # times the mean of a day; the rates per second are peaks themselves
BUSY = 0.6  # of a core at the peak, which leaves room for bursts and for machines that are down
CORES = 8  # of a machine
COSTS = ("app", "nginx", "Redis", "clients")  # what takes CPU time
REDIS_CLIENTS = 10_000  # that a Redis takes, unless it is told otherwise (maxclients)


def page_head(line: str) -> bytes:
    return f"{line} HTTP/1.1\n{PAGE_FIELDS}".replace("\n", "\r\n").encode()


def page_request(body: bytes) -> bytes:
    """A drawing, in base64, as the page sends it."""
    content = b'{"image":"data:image/jpeg;base64,%s"}' % body
    head = page_head("POST /api/predict?include=seen&model=best")
    return head + b"Content-Length: %d\r\n\r\n" % len(content) + content


def fact_request(number: bytes) -> bytes:
    return page_head(f"GET /api/facts/{number.decode()}") + b"\r\n"


@dataclass
class Site:
    """nginx in front of some instances, and the figures of its runs."""

    port: int
    instances: list[Server]
    nginx: int  # process id
    redis: Redis
    logs: list[Path]
    runs: list[LoadResult] = field(default_factory=list)
    milliseconds: list[dict[str, float]] = field(default_factory=list)  # of CPU time per request

    def cpu(self) -> dict[str, float]:
        """Seconds so far of each kind of process."""
        redis = self.redis.info("cpu")
        return {
            "app": sum(server.cpu_seconds() for server in self.instances),
            "nginx": sum(map(cpu_seconds_of, [self.nginx, *children_of(self.nginx)])),
            "Redis": redis["used_cpu_user"] + redis["used_cpu_sys"],
        }

    def run(self, bodies: Sequence[bytes], seconds: float, **how: Any) -> LoadResult:
        before = self.cpu()
        result = generate_load(self.port, bodies, CONNECTIONS, seconds=seconds, **how)
        if result.failures:
            sys.exit(f"{result.failures} requests were not answered with status 200")
        used = {name: now - before[name] for name, now in self.cpu().items()}
        used["clients"] = result.client_cpu_seconds
        count = len(result.latencies)
        self.milliseconds.append({name: 1000 * spent / count for name, spent in used.items()})
        self.runs.append(result)
        return result

    def throughput(self) -> float:
        return statistics.median(run.throughput for run in self.runs)

    def cost(self, name: str) -> float:
        return statistics.median(run[name] for run in self.milliseconds)


@dataclass
class Traffic:
    """What a request takes."""

    commands: dict[str, float]  # of Redis, by name
    redis_bytes: float  # to Redis and back
    received: float  # bytes from the client
    sent: float  # bytes to the client
    logged: float  # bytes

    @property
    def asked(self) -> float:
        """Commands that come over the wire; the others are those of the script of EVALSHA."""
        inner = ("incrby", "expire") if self.commands.get("evalsha") else ()
        return sum(count for name, count in self.commands.items() if name not in inner)


def count_traffic(site: Site, bodies: Sequence[bytes], count: int, **how: Any) -> Traffic:
    """Of `count` requests, per request."""

    def look() -> tuple[Counter[str], int, int]:
        stats = site.redis.info("stats")
        commands = {
            name.removeprefix("cmdstat_"): entry["calls"]
            for name, entry in site.redis.info("commandstats").items()
            if name not in ("cmdstat_info", "cmdstat_client|setinfo")  # of this process
        }
        both_ways = stats["total_net_input_bytes"] + stats["total_net_output_bytes"]
        return Counter(commands), both_ways, sum(log.stat().st_size for log in site.logs)

    look()  # what looking costs itself, in bytes, is subtracted
    (_, first, _), (commands, second, logged) = look(), look()
    result = generate_load(site.port, bodies, CONNECTIONS, count=count, **how)
    if result.failures:
        sys.exit(f"{result.failures} requests were not answered with status 200")
    new_commands, third, new_logged = look()
    more = new_commands - commands
    return Traffic(
        {name: calls / count for name, calls in more.most_common()},
        (third - second - (second - first)) / count,
        result.sent_bytes / count,
        result.received_bytes / count,
        (new_logged - logged) / count,
    )


@contextlib.contextmanager
def sites() -> Iterator[list[Site]]:
    """Of one instance and of two; the first instance is the same."""
    program = find_nginx()
    if program is None or find_redis() is None:
        sys.exit("nginx and Redis are needed: apt install nginx-light redis-tools")
    # nginx's own user has to look into it
    folder = Path(tempfile.mkdtemp(prefix="digits-instances-"))
    folder.chmod(0o755)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        redis = stack.enter_context(redis_server())
        logs = [folder / "log-1", folder / "log-2"]
        instances = [
            stack.enter_context(
                run_server(
                    workers=1,
                    log=log,
                    REDIS_URL=redis.url,
                    TRUSTED_PROXIES="1",
                    HOST="127.0.0.1",
                    RATELIMIT_PREDICT="100000000 per 10 seconds",
                    RATELIMIT_FACTS="100000000 per 10 seconds",
                )
            )
            for log in logs
        ]
        connection = stack.enter_context(contextlib.closing(Redis.from_url(redis.url)))
        found = []
        for count in (1, 2):
            place = folder / f"nginx-{count}"
            ports = [server.port for server in instances[:count]]
            port = stack.enter_context(nginx(program, place, ports))
            pid = int((place / "pid").read_text())
            found.append(Site(port, instances[:count], pid, connection, logs[:count]))
        yield found


def measure_instances(bodies: Sequence[bytes]) -> None:
    """`bodies` are drawings in base64."""
    numbers = [str(number).encode() for number in range(101)]
    with sites() as (one, two):
        for site in (one, two):
            generate_load(site.port, bodies, CONNECTIONS, count=WARM_UP_REQUESTS)
        for _ in range(RUNS):
            for site in (one, two):
                site.run(bodies, SECONDS, as_request=page_request)
        clients = two.redis.info("clients")["connected_clients"] - 1
        drawing = count_traffic(two, bodies, 2000, as_request=page_request)
        fact = count_traffic(two, numbers, 2000, as_request=fact_request)
    print_growth(one, two)
    print_traffic(drawing, fact)
    print_needs(two, drawing, clients / len(two.instances))


def print_growth(one: Site, two: Site) -> None:
    cores = os.cpu_count() or 1
    print(
        f"Drawings as the page sends them, {CONNECTIONS} connections, {RUNS} runs of {SECONDS:g} s "
        f"each by turns, {cores} cores\nfor everything, the clients as well; one worker per "
        "instance\n"
    )
    rows: list[tuple[str, Callable[[Site], float], str]] = [
        ("drawings per second", Site.throughput, ".0f"),
        *(
            (f"latency, {name}, ms", lambda site, q=q: latency(site, q), ".1f")
            for name, q in (("median", 0.5), ("99th percentile", 0.99))
        ),
        *(
            (f"CPU ms per drawing: {name}", lambda site, n=name: site.cost(n), ".3f")
            for name in COSTS
        ),
        ("cores busy", lambda site: site.throughput() * total_cost(site) / 1000, ".2f"),
        (
            f"drawings per second at {cores} busy cores",
            lambda site: 1000 * cores / total_cost(site),
            ".0f",
        ),
    ]
    print(f"{'':36}{'1 instance':>12}{'2 instances':>12}{'growth':>9}")
    for title, value, spec in rows:
        a, b = value(one), value(two)
        print(f"{title:36}{a:12{spec}}{b:12{spec}}{b / a:9.2f}")


def latency(site: Site, fraction: float) -> float:
    return statistics.median(run.quantile(fraction) for run in site.runs)


def total_cost(site: Site) -> float:
    """Milliseconds of CPU time that a drawing takes in all processes."""
    return sum(site.cost(name) for name in COSTS)


def print_traffic(drawing: Traffic, fact: Traffic) -> None:
    print(f"\n{'per request':36}{'a drawing':>12}{'a fact':>12}")
    for name in sorted({*drawing.commands, *fact.commands}):
        a, b = drawing.commands.get(name, 0.0), fact.commands.get(name, 0.0)
        print(f"{f'Redis command {name}':36}{a:12.3f}{b:12.3f}")
    for title, unit in (
        ("bytes from and to Redis", "redis_bytes"),
        ("bytes in, head and body", "received"),
        ("bytes out, head and body", "sent"),
        ("bytes of log", "logged"),
    ):
        print(f"{title:36}{getattr(drawing, unit):12.0f}{getattr(fact, unit):12.0f}")


def print_needs(site: Site, drawing: Traffic, redis_clients: float) -> None:
    """`redis_clients`: connections that a worker keeps to Redis."""
    print(
        f"\nAt {BUSY:.0%} of a core, machines of {CORES} cores; a million a day is taken as "
        f"{PEAK} times its mean at the peak\n"
    )
    peaks = [rate * (PEAK if "day" in name else 1) for name, rate in RATES.items()]
    print(f"{'at the peak':36}" + "".join(f"{name:>18}" for name in RATES))
    per_second = 1000 * BUSY  # milliseconds of a core
    cores = {name: [rate * site.cost(name) / per_second for rate in peaks] for name in COSTS}
    workers = cores["app"]
    rows: list[tuple[str, list[float]]] = [
        ("drawings a second", peaks),
        ("cores (workers) of the app", workers),
        (f"machines of {CORES} cores", [max(count / CORES, 1) for count in workers]),
        ("cores of nginx", cores["nginx"]),
        ("commands to Redis a second", [rate * drawing.asked for rate in peaks]),
        (
            "cores of Redis, which uses one",
            [rate * site.cost("Redis") / per_second for rate in peaks],
        ),
        (f"connections to Redis, of {REDIS_CLIENTS:,}", [n * redis_clients for n in workers]),
        ("Mbit/s to and from Redis", [8e-6 * rate * drawing.redis_bytes for rate in peaks]),
        ("Mbit/s in", [8e-6 * rate * drawing.received for rate in peaks]),
        ("Mbit/s out", [8e-6 * rate * drawing.sent for rate in peaks]),
    ]
    rows.append(("GB of log a day", [86400e-9 * drawing.logged * rate for rate in RATES.values()]))
    for title, values in rows:
        print(f"{title:36}" + "".join(f"{rounded(value):>18}" for value in values))
    limit = per_second / site.cost("Redis")
    print(f"\nOne Redis at {BUSY:.0%} of its core counts {rounded(limit)} drawings a second.")


def rounded(value: float) -> str:
    """To two digits, or whole from ten on."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
