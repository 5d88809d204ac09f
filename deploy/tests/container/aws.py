"""What a task on ECS sees of AWS: the credentials endpoint of the ECS agent, and the AWS APIs, at one address.

moto answers for CloudFormation, ECS, STS, and Security Hub. It knows no findings of Inspector and Macie, so those come
from the sample. The credentials expire and rotate, and a call with expired ones is rejected, as AWS does.
"""

import datetime
import itertools
import json
import re
import threading
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple

import boto3
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

SAMPLE = Path(__file__).parents[3] / "sample"

REGION = "us-east-1"

CREDENTIALS_PATH = "/v2/credentials/exposured"


class Call(NamedTuple):
    """A call of the program, and the access key that signed it."""

    service: str
    path: str
    access_key: str
    expired: bool


class SimulatedAws:
    def __init__(self, address):
        self.url = f"http://{address}"
        # How long new credentials are valid, in seconds.
        self.credentials_lifetime = 3600
        # The access keys that the endpoint gave out, and when they expire (monotonic).
        self.issued = {}
        self.serial = itertools.count()
        self.calls = []
        # Set: everything fails, as in an outage of the Region.
        self.outage = threading.Event()
        # Cleared: calls hang until it is set again.
        self.answering = threading.Event()
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.server = make_server(address, 80, self, threaded=True)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.sample = {
            name: json.loads((SAMPLE / f"{name}.json").read_text()) for name in ("security-hub", "inspector", "macie")
        }

    def close(self):
        self.answering.set()
        self.server.shutdown()

    def reset(self):
        """Ends every fault, empties the account, and puts the sample's findings into Security Hub."""
        self.credentials_lifetime = 3600
        self.outage.clear()
        self.answering.set()
        self.issued.clear()
        self.calls.clear()
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")).close()
        result = self.client("securityhub").batch_import_findings(Findings=self.sample["security-hub"]["Findings"])
        assert result["FailedCount"] == 0, result

    def client(self, service):
        """A client for the test itself."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def environment(self):
        """What the ECS agent adds to the environment of a container, and where the AWS APIs are."""
        return {
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": CREDENTIALS_PATH,
            "AWS_ENDPOINT_URL": self.url,
        }

    def exposures(self):
        """The exposures in Security Hub."""
        pages = self.client("securityhub").get_paginator("get_findings").paginate()
        findings = [finding for page in pages for finding in page["Findings"]]
        return [finding for finding in findings if finding["GeneratorId"].startswith("exposured/")]

    def access_keys(self):
        """The access keys that signed a call."""
        return {call.access_key for call in self.calls}

    def __call__(self, environ, start_response):
        if environ["PATH_INFO"] == CREDENTIALS_PATH:
            return self._credentials(start_response)
        signed = re.match(
            r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/\d+/[^/]+/(?P<service>[^/]+)/",
            environ.get("HTTP_AUTHORIZATION", ""),
        )
        if signed is None or signed["key"] == "test":
            return self.moto(environ, start_response)
        return self._answer(signed["service"], signed["key"], environ, start_response)

    def _credentials(self, start_response):
        if self.outage.is_set():
            return respond(start_response, 500, {"message": "the credentials endpoint is down"})
        key = f"ASIAEXAMPLE{next(self.serial):09}"
        now = datetime.datetime.now(datetime.timezone.utc)
        expiration = now + datetime.timedelta(seconds=self.credentials_lifetime)
        self.issued[key] = time.monotonic() + self.credentials_lifetime
        return respond(
            start_response,
            200,
            {
                "RoleArn": "arn:aws:iam::111122223333:role/exposured-TaskRole",
                "AccessKeyId": key,
                "SecretAccessKey": "secret",
                "Token": f"token-of-{key}",
                "Expiration": expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
            },
        )

    def _answer(self, service, key, environ, start_response):
        path = environ["PATH_INFO"]
        expired = self.issued.get(key, 0) < time.monotonic()
        self.calls.append(Call(service, path, key, expired))
        self.answering.wait()
        if expired:
            return respond(start_response, 403, {"message": "expired"}, "ExpiredTokenException")
        if self.outage.is_set():
            return respond(start_response, 503, {"message": "unavailable"}, "ServiceUnavailableException")
        if (service, path) == ("inspector2", "/findings/list"):
            return respond(start_response, 200, self.sample["inspector"])
        if (service, path) == ("macie2", "/findings"):
            return respond(start_response, 200, {"findingIds": [x["id"] for x in self.sample["macie"]["findings"]]})
        if (service, path) == ("macie2", "/findings/describe"):
            return respond(start_response, 200, self.sample["macie"])
        return self.moto(environ, start_response)


def respond(start_response, status, body, error=None):
    text = json.dumps(body).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(text)))]
    if error is not None:
        headers.append(("x-amzn-ErrorType", error))
    start_response(f"{status} -", headers)
    return [text]
