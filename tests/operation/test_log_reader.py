"""Who reads the log may stop or go: the server goes on."""

import os

from tests.support.polling import PATIENCE


def test_requests_are_answered_while_nobody_reads_the_log(service, tmp_path):
    """First the pipe is full, then its reader is gone."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    prefix = ["sh", "-c", 'exec "$@" > "$0"', str(pipe)]
    with service(tmp_path, prefix=prefix) as one:
        path = "/" + "x" * 150
        for _ in range(300):  # each has an entry of more than 300 bytes; a pipe takes 64 kB
            assert one.get(path)[0] == 404
        assert len(os.read(reader, 1 << 20)) > 50_000
        os.close(reader)
        for _ in range(20):
            assert one.get(path)[0] == 404
        assert one.log.read_text() == "", "nothing is said of it anywhere else"
    assert one.process.wait(PATIENCE) == 0
