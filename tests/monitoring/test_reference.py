"""The reference of metrics is the catalogue's."""

from monitoring import reference
from monitoring.catalogue import ENTRIES


def test_the_page_is_up_to_date() -> None:
    """It is made of the catalogue; `python -m monitoring.reference` makes it anew."""
    assert reference.PAGE.read_text(encoding="utf-8") == reference.page()


def test_every_metric_is_on_it_once() -> None:
    """None is left out by how the list is written."""
    found = [entry.name for _, entries in reference.sections() for entry in entries]
    assert found == list(ENTRIES)


def test_sections_have_headings() -> None:
    """Readers find their way."""
    titles = [title for title, _ in reference.sections()]
    assert "HTTP" in titles
    assert all(titles)
    assert len(set(titles)) == len(titles)
