import csv
import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter
from pymongo.database import Database
from rich.console import Console
from rich.progress import Progress
from typer.testing import CliRunner

from recommender.facts.errors import InvalidInput, RecommenderError, RejectedRow
from recommender.facts.events import Event, EventType
from recommender.facts.money import Money
from recommender.mongo.documents import event_of
from recommender.mongo.events import EventWriter
from recommender.mongo.products import read_products
from recommender.settings import Settings
from seed.__main__ import app
from seed.importers.online_retail import import_online_retail
from seed.importers.summary import SHOWN_REJECTIONS, EventCounts

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
UCI = [
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
]
UCI_II = ["Invoice", *UCI[1:5], "Price", "Customer ID"]

HEART, LANTERN, POUND = "WHITE HANGING  HEART ", "LANTERN", "£ SIGN MUG"
MORNING = datetime(2010, 12, 1, 8, 26)  # noqa: DTZ001 (the shop writes no offset)
NOON = datetime(2010, 12, 13, 12, 5)  # noqa: DTZ001
LINES = [
    (536365, "85123A", HEART, 6, MORNING, 2.55, 17850.0),
    (536365, 71053, LANTERN, 6, MORNING, 3.39, 17850.0),
    (536365, "85123a", HEART, 2, MORNING, 2.57, 17850.0),  # merged
    (536366, "85123A", "wrong name", 1, NOON, 2.95, 13047.0),
    (536366, "22633", POUND, 1, NOON, 1.85, 13047.0),
    ("C536379", "22633", POUND, -1, NOON, 1.85, 13047.0),  # cancellation
    (536370, "22633", POUND, 1, NOON, 1.85, None),  # no customer
    (536371, "22633", POUND, -5, NOON, 1.85, 13047.0),  # quantity
    (536372, "22633", None, 5, NOON, 0.0, 13047.0),  # price
    (536372, "POST", "POSTAGE", 1, NOON, 18.0, 13047.0),  # no product
]
PURCHASES = {
    "online-retail:536365:85123A": ("user:17850", 8, 256, MORNING),
    "online-retail:536365:71053": ("user:17850", 6, 339, MORNING),
    "online-retail:536366:85123A": ("user:13047", 1, 295, NOON),
    "online-retail:536366:22633": ("user:13047", 1, 185, NOON),
}
LEFT_OUT = {
    "cancellation": 1,
    "no customer": 1,
    "quantity not a whole number above 0": 1,
    "price not above 0": 1,
    "stock code not of a product": 1,
    "line merged into another one of its invoice": 1,
}


@pytest.fixture
def bring_in(database, tmp_path):
    """Import a file or a folder."""

    def bring_in(path, now=NOW, **options):
        return import_online_retail(path, database, now, rejects=tmp_path / "rejects", **options)

    return bring_in


def as_workbook(folder: Path, sheets: int = 1) -> Path:
    path = folder / "Online Retail.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        dates = workbook.add_format({"num_format": "m/d/yy h:mm"})
        for _ in range(sheets):
            sheet = workbook.add_worksheet()
            sheet.write_row(0, 0, UCI)
            for row, line in enumerate(LINES, 1):
                for column, cell in enumerate(line):
                    if isinstance(cell, datetime):
                        sheet.write_datetime(row, column, cell, dates)
                    elif cell is not None:
                        sheet.write(row, column, cell)
    return path


def as_csv(folder: Path, encoding: str, american: bool = True, columns: list[str] = UCI) -> Path:
    frame = pd.DataFrame(LINES, columns=columns)
    if american:
        frame[columns[4]] = [f"{d.month}/{d.day}/{d.year} {d:%H:%M}" for d in frame[columns[4]]]
    frame.to_csv(folder / "data.csv", index=False, encoding=encoding)
    return folder / "data.csv"


def as_parquet(folder: Path) -> Path:
    ours = "invoice_no stock_code description quantity invoice_date unit_price customer_id"
    frame = pd.DataFrame(LINES, columns=ours.split())
    frame = frame.astype({"invoice_no": str, "stock_code": str, "customer_id": "Int32"})
    frame.astype({"stock_code": "category", "description": "category"}).to_parquet(
        folder / "transactions.parquet"
    )
    return folder


EVERY_FORM = {
    "folder with Parquet": as_parquet,
    "workbook": as_workbook,
    "folder with a workbook": lambda folder: as_workbook(folder).parent,
    "CSV in UTF-8": lambda folder: as_csv(folder, "utf-8"),
    "CSV in Latin-1": lambda folder: as_csv(folder, "latin-1"),
    "CSV with ISO dates": lambda folder: as_csv(folder, "utf-8-sig", american=False),
    "CSV spelled like Online Retail II": lambda folder: as_csv(folder, "utf-8", columns=UCI_II),
}


def events_in(database) -> list[Event]:
    return [event_of(document) for document in database.events.find()]


@pytest.mark.parametrize("form", EVERY_FORM)
def test_the_shop_is_the_same_in_every_form_of_the_file(database, bring_in, tmp_path, form):
    summary = bring_in(EVERY_FORM[form](tmp_path))
    events = events_in(database)
    assert {
        e.event_id: (e.shopper_id, e.quantity, e.unit_price.minor_units, e.at.replace(tzinfo=None))
        for e in events
    } == PURCHASES
    assert {e.type for e in events} == {EventType.PURCHASE}
    assert {e.received_at for e in events} == {NOW}
    assert all(e.event_id == f"online-retail:{e.order_id}:{e.product_id}" for e in events)
    assert summary.events.left_out == LEFT_OUT
    mug, lantern, heart = read_products(database)
    assert (mug.product_id, mug.name, mug.price) == ("22633", POUND, Money(185, "GBP"))
    assert (lantern.product_id, lantern.name) == ("71053", LANTERN)
    assert (heart.product_id, heart.name) == ("85123A", "WHITE HANGING HEART")
    assert heart.price == Money(257, "GBP")
    assert heart.item_group_id == "85123"
    assert heart.created_at == MORNING.replace(tzinfo=UTC)
    assert heart.categories == ()
    assert heart.brand is None


def test_every_line_is_in_exactly_one_count(bring_in, tmp_path):
    counts = bring_in(as_parquet(tmp_path)).events
    assert counts.read == len(LINES)
    assert counts.read == counts.recorded + counts.duplicate + sum(counts.left_out.values())


def test_importing_the_shop_twice_changes_nothing(database, bring_in, tmp_path):
    path = as_parquet(tmp_path)
    bring_in(path)
    before = list(database.events.find()), list(database.products.find())
    again = bring_in(path, now=NOW.replace(day=2))
    assert (list(database.events.find()), list(database.products.find())) == before
    assert (again.events.recorded, again.events.duplicate) == (0, len(PURCHASES))
    assert (again.products.created, again.products.updated, again.products.unchanged) == (0, 0, 3)


GOOD = ["536365", "85123A", "HEART", "6", "12/1/2010 8:26", "2.55", "17850"]


def with_cell(column: str, cell: object) -> list:
    return [cell if name == column else good for name, good in zip(UCI, GOOD, strict=True)]


def csv_of(folder: Path, *rows: list) -> Path:
    path = folder / "data.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([UCI, *rows])
    return path


def workbook_of(folder: Path, *rows: list) -> Path:
    path = folder / "data.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        for number, row in enumerate([UCI, *rows]):
            sheet.write_row(number, 0, row)
    return path


def parquet_of(folder: Path, *rows: list) -> Path:
    path = folder / "data.parquet"
    pd.DataFrame(rows, columns=UCI).to_parquet(path)
    return path


EVERY_KIND = {"CSV": (csv_of, 2), "workbook": (workbook_of, 2), "Parquet": (parquet_of, 1)}
"""How to write each, and what it calls its first row."""

NO_TIME = "must be a time such as 12/31/2010 8:26 (the month first) or 2010-12-31 08:26, not "
BAD_CELLS = [
    ("Quantity", "x", "must be a number, not 'x'"),
    ("InvoiceDate", "32/13/2010", NO_TIME + "'32/13/2010'"),
    ("InvoiceDate", "1/2/2031 9:00", "must not lie in the future: 2031-01-02T09:00:00+00:00"),
    ("InvoiceDate", "1/2/1931 9:00", "must be a date after 1970, not 1931-01-02T09:00:00+00:00"),
    ("UnitPrice", "inf", "must be a finite number, not 'inf'"),
    ("UnitPrice", "2,55", "must be a number, not '2,55': write it with a point and without commas"),
    ("Quantity", "1000001", "must be at most 1,000,000, not 1000001"),
    ("Quantity", "", "is missing"),
    ("InvoiceNo", "", "is missing"),
    ("StockCode", "NULL", "is missing"),
    ("CustomerID", "1" * 129, "must be 1 to 128 characters, not 129 (" + repr("1" * 20) + "...)"),
    ("Description", "y" * 501, "must be at most 500 characters, not 501"),
]


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_each_bad_line_is_told_of_with_its_place_and_kept_for_mending(bring_in, tmp_path, kind):
    write, first = EVERY_KIND[kind]
    path = write(tmp_path, GOOD, *(with_cell(column, cell) for column, cell, _ in BAD_CELLS))
    summary = bring_in(path)
    told = [
        (str(path), number, column, cell, reason)
        for number, (column, cell, reason) in enumerate(BAD_CELLS, first + 1)
    ]
    shown = [(r.file, r.line, r.column, r.value, r.reason) for r in summary.rejections]
    assert shown == told[:SHOWN_REJECTIONS]
    kept = [json.loads(line) for line in summary.rejects_file.read_text().splitlines()]
    assert [(k["file"], k["line"], k["column"], k["value"], k["reason"]) for k in kept] == told
    assert kept[0]["row"] == dict(zip(UCI, with_cell("Quantity", "x"), strict=True))
    assert summary.events == EventCounts(len(told) + 1, recorded=1, rejected=len(told))


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_bad_line_is_rejected_also_if_it_would_be_left_out(bring_in, tmp_path, kind):
    nobody, cancelled = with_cell("CustomerID", ""), with_cell("InvoiceNo", "C1")
    nobody[3], cancelled[5] = "x", "x"
    path = EVERY_KIND[kind][0](tmp_path, with_cell("CustomerID", ""), nobody, cancelled)
    counts = bring_in(path).events
    assert counts == EventCounts(3, rejected=2, left_out={"no customer": 1})


def test_a_line_with_too_few_or_too_many_cells_is_told_of(bring_in, tmp_path):
    late = [*with_cell("InvoiceNo", "536366")[:2], "two\nlines", *GOOD[3:]]
    path = csv_of(tmp_path, GOOD[:3], late, with_cell("Quantity", "x"), [*GOOD, "UK"], [], GOOD)
    with path.open("a") as file:
        file.write('536367,"85123A')
    summary = bring_in(path)
    assert [(r.line, r.column, r.reason) for r in summary.rejections] == [
        (2, None, "has 3 cells and not 7"),
        (5, "Quantity", "must be a number, not 'x'"),
        (6, None, "has 8 cells and not 7"),
        (9, None, "cannot be read: unexpected end of data (is a quote left open?)"),
    ]
    assert summary.rejections[0].row == GOOD[:3]
    assert (summary.events.read, summary.events.recorded, summary.events.rejected) == (6, 2, 4)


def test_a_first_line_with_a_bad_date_does_not_spoil_the_others(bring_in, tmp_path):
    good = with_cell("InvoiceDate", "2010-12-01 08:26:00")
    counts = bring_in(csv_of(tmp_path, with_cell("InvoiceDate", "32/13/2010"), good)).events
    assert (counts.recorded, counts.rejected) == (1, 1)


def test_a_number_in_a_workbook_is_no_date(bring_in, tmp_path):
    (rejection,) = bring_in(workbook_of(tmp_path, with_cell("InvoiceDate", 40513.35))).rejections
    assert (rejection.value, rejection.reason) == (40513.35, NO_TIME + "'40513.35'")


def test_rows_with_nothing_in_them_are_no_lines(bring_in, tmp_path):
    assert bring_in(workbook_of(tmp_path, GOOD, [""] * 7, GOOD)).events.read == 2


def test_strict_stops_at_the_first_bad_line_before_anything_is_written(
    database, bring_in, tmp_path
):
    path = csv_of(tmp_path, GOOD, with_cell("Quantity", "x"), with_cell("Quantity", "y"))
    with pytest.raises(RejectedRow) as caught:
        bring_in(path, strict=True)
    assert (
        str(caught.value)
        == f"{path}, line 3, column 'Quantity', value 'x': must be a number, not 'x'"
    )
    assert events_in(database) == []
    assert list(read_products(database)) == []
    assert bring_in(csv_of(tmp_path, GOOD), strict=True).events.recorded == 1


def test_the_command_tells_of_bad_lines_and_stops_at_the_first_if_that_is_wanted(
    settings, tmp_path, monkeypatch
):
    monkeypatch.setattr(Settings, "read", lambda: settings)
    path = csv_of(tmp_path, GOOD, with_cell("Quantity", "x"))
    strict = CliRunner().invoke(app, ["import", "online-retail", str(path), "--strict"])
    assert strict.exit_code == 1
    told = CliRunner().invoke(app, ["import", "online-retail", str(path), "--json"])
    summary = json.loads(told.stdout)
    assert (summary["events"]["recorded"], summary["events"]["rejected"]) == (1, 1)
    assert Path(summary["rejects_file"]).parent == settings.data_dir / "rejects"


def test_the_command_does_not_advise_a_retrain_after_a_file_without_lines(
    settings, tmp_path, monkeypatch
):
    monkeypatch.setattr(Settings, "read", lambda: settings)
    said = CliRunner().invoke(app, ["import", "online-retail", str(csv_of(tmp_path))]).stdout
    assert "Nothing to import" in said
    assert "retrain" not in said


def test_a_second_import_with_some_new_lines_brings_in_these(database, bring_in, tmp_path):
    bring_in(csv_of(tmp_path, *(with_cell("InvoiceNo", str(n)) for n in range(20))))
    more = bring_in(csv_of(tmp_path, *(with_cell("InvoiceNo", str(n)) for n in range(5, 30))))
    assert (more.events.recorded, more.events.duplicate) == (10, 15)
    assert database.events.count_documents({}) == 30


def test_an_event_that_somebody_else_stores_meanwhile_is_a_duplicate(database, bring_in, tmp_path):
    bring_in(csv_of(tmp_path, GOOD))
    before = list(database.events.find())

    class Late(Database):
        """A look-up here does not see what comes right after it."""

        def __getitem__(self, name):
            found = super().__getitem__(name)
            found.with_options = lambda **_: found
            found.find = lambda *_: iter([])
            found.find_one = lambda *_: {"_id": "one of them"}
            return found

    with EventWriter(Late(database.client, database.name)) as writer:
        writer.write_documents(before)
    assert (writer.written.recorded, writer.written.duplicate) == (0, 1)
    assert list(database.events.find()) == before


def test_a_file_without_a_column_is_refused_with_the_columns_it_has(bring_in, tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("InvoiceNo,StockCode,Description,InvoiceDate\n")
    with pytest.raises(
        InvalidInput, match=r"data\.csv has no column Quantity\. Its columns are: InvoiceNo, Stock"
    ):
        bring_in(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "has no header"),
        ("a.xlsx", b"no workbook", "cannot be read"),
        ("a.parquet", b"no Parquet", "cannot be read"),
        ("a.doc", b"", r"must be one of \.parquet, \.xlsx, \.csv"),
        ("folder/a.txt", b"", r"has none of transactions\.parquet, "),
    ],
)
def test_a_file_that_cannot_be_read_is_named_in_the_error(
    bring_in, tmp_path, name, content, message
):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(content)
    path = tmp_path / name.partition("/")[0]
    with pytest.raises(RecommenderError, match=message) as caught:
        bring_in(path)
    assert str(path) in str(caught.value)


def test_a_path_where_nothing_is_is_named_in_the_error(bring_in, tmp_path):
    with pytest.raises(RecommenderError, match="nowhere does not exist"):
        bring_in(tmp_path / "nowhere")


def test_a_workbook_whose_sheets_overlap_is_refused(bring_in, tmp_path):
    with pytest.raises(RecommenderError, match="2 sheets with rows; save each as a CSV"):
        bring_in(as_workbook(tmp_path, sheets=2))


def test_a_shop_without_lines_gives_an_empty_summary(bring_in, tmp_path):
    path = tmp_path / "data.csv"
    path.write_text(",".join(UCI) + "\n")
    summary = bring_in(path)
    assert summary.events == EventCounts()


def test_the_summary_and_the_progress_can_be_shown(bring_in, tmp_path):
    console = Console(file=StringIO(), width=120)
    with Progress(console=console) as progress:
        summary = bring_in(as_parquet(tmp_path), progress=progress)
        assert [task.finished for task in progress.tasks] == [True]
    console.print(summary)
    shown = console.file.getvalue()
    assert "left out: cancellation" in shown
