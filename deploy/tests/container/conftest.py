"""These tests run the image that `EXPOSURED_TEST_IMAGE` names; without it they are not collected.

`.ci/docker.sh` starts an engine, builds the image, and runs them.
"""

import os
import uuid

import pytest

# moto reads these when it is imported. The sample's resources belong to this account.
os.environ["MOTO_ACCOUNT_ID"] = "111122223333"
for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_CA_BUNDLE"):
    os.environ.pop(name, None)

IMAGE = os.environ.get("EXPOSURED_TEST_IMAGE")

collect_ignore_glob = [] if IMAGE else ["test_*.py"]

# Where the ECS agent serves the credentials of a task's role.
# Source: Amazon ECS Developer Guide, "Amazon ECS task IAM role".
ECS_AGENT = "169.254.170.2"


@pytest.fixture(scope="session")
def image():
    return IMAGE


@pytest.fixture(scope="session")
def network():
    """A network without a way out, in which the host has the address of the ECS agent."""
    from engine import docker

    name = f"exposured-{uuid.uuid4().hex[:8]}"
    docker("network", "create", "--internal", "--subnet=169.254.170.0/24", f"--gateway={ECS_AGENT}", name)
    yield name
    docker("network", "rm", name)


@pytest.fixture(scope="session")
def aws_server(network):
    from aws import SimulatedAws

    aws = SimulatedAws(ECS_AGENT)
    yield aws
    aws.close()


@pytest.fixture
def aws(aws_server):
    """The simulated AWS, with the sample's findings in it."""
    aws_server.reset()
    return aws_server


@pytest.fixture
def start_task(aws, network, image):
    """Starts the template's task in a container."""
    from engine import Container
    from task import create_stack, run_arguments

    started = []

    def start(**parameters):
        container = create_stack(aws, image, **parameters)
        started.append(Container(run_arguments(container, network, aws.environment())))
        return started[-1]

    yield start
    for container in started:
        container.remove()
