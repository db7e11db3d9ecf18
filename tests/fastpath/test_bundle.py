"""What is deployed: one folder that needs no framework, no SDK, and little time to load."""

import json
import subprocess
import sys

from config import env
from fastpath_lambda import sqs

IMPORT = """
import json, sys
for name in ("django", "channels", "celery", "redis", "botocore", "aiohttp", "uvicorn", "shop", "orders"):
    sys.modules[name] = None
import fastpath_lambda.handler
print(json.dumps(sorted(name for name, module in sys.modules.items() if module)))
"""


def modules_of_the_lambda():
    command = [sys.executable, "-c", IMPORT]
    return json.loads(subprocess.run(command, cwd=env.ROOT, capture_output=True, check=True).stdout)


def test_the_lambda_needs_no_framework():
    assert "fastpath_lambda.handler" in modules_of_the_lambda()


def test_the_lambda_loads_only_what_an_order_in_json_needs():
    loaded = set(modules_of_the_lambda())

    assert not loaded & {"asyncio", "html", "fastpath_lambda.asgi", "fastpath_lambda.pages"}


def test_the_bundle_requires_one_package():
    requirements = (env.ROOT / "fastpath_lambda" / "requirements.txt").read_text().splitlines()

    assert [line.partition(">")[0] for line in requirements if not line.startswith("#")] == ["hiredis"]


def test_the_bundle_carries_its_scripts():
    stores = env.ROOT / "fastpath_lambda" / "stores"

    assert {path.stem for path in stores.glob("*.lua")} == {
        "common", "take", "load", "move", "due", "count", "retire", "give_back", "settle",
        "recall", "shift", "adopt",
    }  # fmt: skip


def test_the_template_makes_the_queues_that_the_code_would():
    template = (env.ROOT / "fastpath_lambda" / "template.yaml").read_text()

    assert f"VisibilityTimeout: {sqs.VISIBILITY_SECONDS}\n" in template
    assert f"maxReceiveCount: {sqs.MAX_RECEIVES}\n" in template
    assert template.count(f"MessageRetentionPeriod: {sqs.RETENTION_SECONDS}\n") == 2
