"""What people write as Markdown is shown, and nothing of it is run."""

import pytest

from modelyard.kit.markdown import render_markdown


def test_the_usual_is_rendered() -> None:
    html = render_markdown(
        "# Iris\n\nSome *flowers*, ~~weeds~~.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\nx = 1\n```\n"
    )
    for part in ("<h1>Iris</h1>", "<em>flowers</em>", "<s>weeds</s>", "<td>1</td>", 'class="language-python"'):
        assert part in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](javascript:alert(1))",
        "![x](data:image/svg+xml;base64,PHN2Zz4=)",
        "<a href='javascript:alert(1)'>x</a>",
        "<iframe src='//evil'></iframe>",
        "[x](vbscript:alert(1))",
        "<svg onload=alert(1)>",
        '[x](https://a "onmouseover=alert(1)")',
        "<style>*{display:none}</style>",
        "<form action=/api/v1/session></form>",
        "[a]: javascript:alert(1)\n\n[a]",
    ],
)
def test_nothing_runs(text: str) -> None:
    html = render_markdown(text)
    for danger in (
        "<script",
        "<img src=x",
        "<iframe",
        "<svg",
        "<style",
        "<form",
        'href="javascript',
        'href="data',
        'src="data',
    ):
        assert danger not in html.lower()
    assert "vbscript:alert" not in html or "<a" not in html


def test_links_leave_politely_and_files_are_resolved() -> None:
    html = render_markdown(
        "[o](https://x.org) ![p](img/a.png) [s](/api) [h](#top)", resolve=lambda path: f"/raw?path={path}"
    )
    assert 'rel="noopener noreferrer nofollow ugc"' in html
    assert 'src="/raw?path=img/a.png"' in html
    assert "/api" not in html
    assert 'href="#top"' in html
    assert "img/a.png" not in render_markdown("![p](img/a.png)")
