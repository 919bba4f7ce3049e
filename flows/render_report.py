"""Render a report as a routine job."""

from prefect import flow

from models.orders import RenderReport
from tasks.reports import render_to_files
from tasks.runs import claimed


@flow(name="render-report", persist_result=False)
def render_report(order: RenderReport) -> None:
    """Render one report from the shared database and keep its files.

    A job of the site asks for it. Done means: the files are in the report folder, with what they were made from.
    """
    with claimed(order):
        render_to_files(order)
