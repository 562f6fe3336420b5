"""Writes the settings of a model for MLServer: ``python mlserver_settings.py FOLDER MODEL PORT``."""

import json
import sys
from pathlib import Path

folder, model, port = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
(folder / "settings.json").write_text(
    json.dumps(
        {
            "http_port": port,
            "grpc_port": port + 1,
            "metrics_port": port + 2,
            "host": "127.0.0.1",
            "parallel_workers": 0,
            "debug": False,
        }
    )
)
(folder / "model-settings.json").write_text(
    json.dumps({"name": "m", "implementation": "mlserver_sklearn.SKLearnModel", "parameters": {"uri": model}})
)
