"""Record the golden cases anew with the real Azure CLI.

Usage: PYTHONPATH=tests python tests/interop/record_golden.py AZ

AZ is the path of the az to record. A new case starts as its name, args and service in the golden file; this
fills in what az did (http, stdout, stderr, rc). tests/interop/test_golden_az.py checks the file.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from emulated import golden
from emulated.scripted_azure import ScriptedAzure


def record(az: str, folder: Path) -> None:
    """Play every case of the golden file with this az and write down what it did."""
    document = json.loads(golden.FILE.read_text(encoding="utf-8"))
    with ScriptedAzure(folder) as azure:
        client = golden.sign_in(azure, golden.Client(golden.process(az), "AZURE_CONFIG_DIR", folder / "az"))
        for number, case in enumerate(document["cases"]):
            own = folder / str(number)
            own.mkdir()
            case.update(asdict(golden.play(azure, client, case, own)))
    golden.FILE.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        record(sys.argv[1], Path(temporary))
