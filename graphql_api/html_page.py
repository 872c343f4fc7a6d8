"""Pages for people, which run nothing but files of this server."""

from pathlib import Path

from starlette.responses import FileResponse

OWN_PICTURES = "'self' data:"
ANY_PICTURES = "'self' data: https:"
"""A shop's pictures may be anywhere."""


def policy(pictures: str = OWN_PICTURES) -> str:
    """What a browser may do for such a page (Content-Security-Policy)."""
    return (
        f"default-src 'self'; img-src {pictures}; object-src 'none'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )


def html_page(page: Path, pictures: str = OWN_PICTURES) -> FileResponse:
    """The answer to who opens it."""
    headers = {"Content-Security-Policy": policy(pictures), "Cache-Control": "no-cache"}
    return FileResponse(page, headers=headers)
