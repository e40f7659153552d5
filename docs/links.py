"""A hook of mkdocs: links that lead out of docs/, which GitHub follows, lead to the repository on the site."""

import posixpath
import re
from typing import Any


REPOSITORY = "https://github.com/honmono/honmono/blob/main/"
LINK = re.compile(r"\]\((\.\./[^)#\s]*)")


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """A page's text, before it is made into HTML."""
    here = posixpath.dirname(f"docs/{page.file.src_uri}")

    def outward(link: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(here, link[1]))
        return link[0] if path.startswith("docs/") else f"]({REPOSITORY}{path}"

    return LINK.sub(outward, markdown)
