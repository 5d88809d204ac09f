"""The Docker engine, by its client."""

import json
import os
import subprocess
import time

CLIENT = os.environ.get("DOCKER", "docker")


def docker(*arguments, check=True):
    """Runs the client and returns what it did. Standard error is kept for the message if it fails."""
    done = subprocess.run([CLIENT, *arguments], capture_output=True, text=True, timeout=120)
    if check and done.returncode != 0:
        raise AssertionError(f"docker {' '.join(arguments)}: exit code {done.returncode}\n{done.stderr}")
    return done


def inspect(name, kind="container"):
    (description,) = json.loads(docker(kind, "inspect", name).stdout)
    return description


def wait_until(condition, what, seconds=60):
    """Waits for a value that is true, and returns it."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} seconds: {what}")
        time.sleep(0.2)
    return value


class Container:
    """A container that runs in the background."""

    def __init__(self, arguments):
        self.id = docker("run", "--detach", *arguments).stdout.strip()

    def remove(self):
        docker("rm", "--force", self.id, check=False)

    @property
    def state(self):
        return inspect(self.id)["State"]

    @property
    def health(self):
        return self.state["Health"]["Status"]

    @property
    def output(self):
        return docker("logs", self.id).stdout

    def lines(self):
        """The JSON lines of both streams, which ECS sends to one log."""
        logs = docker("logs", self.id)
        return [json.loads(line) for line in (logs.stdout + logs.stderr).splitlines() if line.startswith("{")]

    def events(self, name):
        """The events of a name that the program logged."""
        return [line for line in self.lines() if line.get("event") == name]

    def outcomes(self):
        return [event["outcome"] for event in self.events("cycle_finished")]

    def wait_until(self, condition, what, seconds=60):
        try:
            return wait_until(condition, what, seconds)
        except AssertionError as error:
            log = docker("logs", "--tail", "40", self.id).stderr
            raise AssertionError(f"{error}\n{self.state}\n{log}") from None

    def wait_for_health(self, status, seconds=60):
        self.wait_until(lambda: self.health == status, f"{status} health", seconds)

    def stop(self):
        """Sends SIGTERM, as ECS does. Returns the exit code and how many seconds it took."""
        start = time.monotonic()
        docker("stop", self.id)
        return self.state["ExitCode"], time.monotonic() - start

    def wait(self):
        """Waits for the program to end by itself, and returns its exit code."""
        self.wait_until(lambda: self.state["Status"] == "exited", "the program ends")
        return self.state["ExitCode"]
