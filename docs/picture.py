"""Draws the sessions that the README shows: `python docs/picture.py`."""

import tempfile
from pathlib import Path

from sessions import draw

PICTURES = Path(__file__).parent / "pictures"

SESSION = [
    'pyworkflow run Order --id order-17 -i \'{"order": 17, "amount": 30}\'',
    'pyworkflow start Order --id order-18 -i \'{"order": 18, "amount": 45}\'',
    "pyworkflow list",
    "pyworkflow show order-18",
    "pyworkflow history order-17 --timeline",
]
LOOP = [
    'pyworkflow run Order --id order-17 -i \'{"order": 17, "amount": 30}\' 2> /dev/null',
    "sed -i.old 's/2\\*\\*attempt/3**attempt/' orders.py",
    "pyworkflow replay --all",
    "pyworkflow history order-17 --at 6",
    "pyworkflow fork order-17 --at 6 --id again --result 'ChargeCard={\"charged\": 30}'",
    "pyworkflow worker --burst --quiet",
    "pyworkflow show again",
]

if __name__ == "__main__":
    from pyworkflow.cli import main

    PICTURES.mkdir(exist_ok=True)
    for session, name, title in ((SESSION, "session.svg", "pyworkflow"), (LOOP, "loop.svg", "the development loop")):
        with tempfile.TemporaryDirectory() as folder:
            main(["init", folder])
            draw(session, Path(folder), PICTURES / name, title)
