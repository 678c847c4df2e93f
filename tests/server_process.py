"""A server of the program under test."""

import os
import pathlib
import re
import signal
import subprocess

HANG = 600  # seconds after which a process is thought to hang


class Server:
    """`simile serve` on free ports; stopped by SIGTERM."""

    def __init__(self, binary, path, *arguments, environment=None):
        self.path = pathlib.Path(path)
        self.log_path = self.path.with_suffix(".log")
        self.log = open(self.log_path, "ab")
        command = [binary, "serve", "--db", path, "--port", "0", "--http-port", "0", *arguments]
        self.process = subprocess.Popen(
            list(map(str, command)), stdout=subprocess.PIPE, stderr=self.log, text=True,
            env={**os.environ, **(environment or {})},
        )
        line = self.process.stdout.readline()
        found = re.search(r"gRPC ([\d.]+):(\d+), HTTP [\d.]+:(\d+)", line)
        assert found, line + self.log_path.read_text()
        self.host, self.port, self.http_port = found[1], int(found[2]), int(found[3])

    @property
    def uri(self):
        return f"http://{self.host}:{self.port}"

    @property
    def http(self):
        return f"http://{self.host}:{self.http_port}"

    def stop(self, number=signal.SIGTERM):
        """The exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(HANG)
        self.process.stdout.close()
        self.log.close()
        return code
