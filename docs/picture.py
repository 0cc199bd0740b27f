"""Draws the session that the README shows: `python docs/picture.py`."""

import tempfile
from pathlib import Path

from sessions import draw

PICTURE = Path(__file__).parent / "pictures" / "session.svg"

SESSION = [
    'pyworkflow run Order --id order-17 -i \'{"order": 17, "amount": 30}\'',
    'pyworkflow start Order --id order-18 -i \'{"order": 18, "amount": 45}\'',
    "pyworkflow list",
    "pyworkflow show order-18",
    "pyworkflow history order-17 --timeline",
]

if __name__ == "__main__":
    from pyworkflow.cli import main

    with tempfile.TemporaryDirectory() as folder:
        main(["init", folder])
        PICTURE.parent.mkdir(exist_ok=True)
        draw(SESSION, Path(folder), PICTURE, "pyworkflow")
