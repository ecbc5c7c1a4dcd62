"""The page of a run shows its plans and what became of them, without a further command."""

from checkpoints.archive.report import read_report
from checkpoints.output.site import write_run_page
from tests.support.browser import html_problems
from tests.support.remediation_commands import newest, typed
from tests.support.runs import latest_report
from tests.support.scripted_service import Project


def test_the_page_of_a_run_leads_to_its_plan_and_shows_the_repair_at_once(made: Project) -> None:
    made.check()
    report = read_report(latest_report(made.folder))
    page = write_run_page(made.folder, report)
    assert typed(made, "plan")[0] == 0
    plan = f"{report.run_id}.plan-{newest(made).short_id}.json"
    assert f'<p>Plans: <a href="{plan}">' in page.read_text()
    assert "Remediation</h2>" not in page.read_text()
    assert typed(made, "run", "--yes")[0] == 0
    text = page.read_text()
    assert "Remediation</h2>" in text
    assert text.count(f'<a href="{plan}">') == 2
    assert f'<a href="{report.run_id}.remediation-{newest(made).short_id}.json">' in text
    assert html_problems(page) == []


def test_without_a_page_none_is_made(made: Project) -> None:
    made.check()
    typed(made, "plan")
    assert not (made.folder / "uncommitted/data_docs").exists()
