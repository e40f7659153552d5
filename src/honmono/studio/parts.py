"""What the studio's tabs share: its folders, its trainings, its models, and how a page is made."""

from dataclasses import dataclass
from typing import Any

from fastapi.responses import HTMLResponse

from honmono.reports.html import render
from honmono.studio.folders import Folders
from honmono.studio.models import Models
from honmono.studio.nearest import TrainingPictures
from honmono.studio.steering import KnownDirections
from honmono.studio.trainings import Trainings


MOST_UPLOAD = 2 << 30  # bytes


@dataclass(frozen=True)
class Studio:
    """What the tabs share. most_upload: bytes of one uploaded archive."""

    folders: Folders
    trainings: Trainings
    models: Models
    directions: KnownDirections
    training_pictures: TrainingPictures
    most_upload: int = MOST_UPLOAD

    def page(self, template: str, **values: Any) -> HTMLResponse:
        """A page, or a part of one, from a template in `pages`."""
        folders = self.folders
        return HTMLResponse(render(f"studio/pages/{template}", runs_at=folders.runs, data_at=folders.data, **values))
