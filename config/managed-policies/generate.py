#!/usr/bin/env python3
"""Writes policies.jsonl.gz: the default version of each AWS managed policy.

    pip download --no-deps moto
    config/managed-policies/generate.py moto-*.whl

The documents come from the PyPI package moto (Apache-2.0), which copies them from IAM about once a month. The same
wheel gives the same bytes.
"""

import gzip
import json
import sys
import zipfile
from pathlib import Path

SOURCE = "moto/iam/aws_managed_policies.py"


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    wheel = Path(sys.argv[1])
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(SOURCE).decode()
        date = "%04d-%02d-%02d" % archive.getinfo(SOURCE).date_time[:3]
    policies = json.loads(text.split('"""')[1])
    # The key is what follows `:policy/` in the ARN.
    named = {
        policy["Arn"].split(":policy/", 1)[1] if "Arn" in policy else policy["Path"].lstrip("/") + name: policy
        for name, policy in policies.items()
    }
    # One policy per line, sorted by name, and the name first: a policy is found without parsing the others.
    lines = [{"source": wheel.name, "date": date}]
    lines += [
        {"name": name, "version": policy["DefaultVersionId"], "document": policy["Document"]}
        for name, policy in sorted(named.items(), key=lambda item: item[0].encode())
    ]
    data = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines).encode()
    target = Path(__file__).parent / "policies.jsonl.gz"
    target.write_bytes(gzip.compress(data, compresslevel=9, mtime=0))
    print(f"{len(named)} policies of {date}, {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
