#!/usr/bin/env python3
"""Reads what `sabyr score` wrote the way its users do: CSV of every preset with LibreOffice, pandas and polars, Parquet with
pandas and polars, the workbook with openpyxl and LibreOffice. The Parquet files, read by polars, are what all else is held against.

    python3 tests/spreadsheet/readback.py target/debug/sabyr

Needs the packages of requirements.txt and LibreOffice Calc (Debian: libreoffice-calc). Ends with `N passed, N failed`.
"""

import csv
import datetime
import math
import pathlib
import re
import subprocess
import sys
import tempfile
import warnings

import openpyxl
import pandas
import polars

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TABLES = ["conversations", "agents", "evidence", "quarantine"]
# Separator, decimal sign, and the locale that LibreOffice opens the file in.
PRESETS = {"rfc": (",", ".", 1033), "excel": (",", ".", 1033), "excel-eu": (";", ",", 1031)}
SHEETS = {
    "en": ["Summary", "Agents", "Conversations", "Evidence", "Quarantine", "Data dictionary"],
    "ru": ["Сводка", "Операторы", "Разговоры", "Обоснования", "Карантин", "Словарь данных"],
    "kk": ["Жиынтық", "Операторлар", "Әңгімелер", "Дәлелдер", "Карантин", "Деректер сөздігі"],
}
KAZAKH = "әғқңөұүһіӘҒҚҢӨҰҮҺІ"
ERROR = re.compile(r"#(NAME|REF|VALUE|DIV/0|N/A|NUM|NULL)[?!]?|Err:\d+")
SIGNS = "=+-@＝＋－＠"
INVISIBLE = "".join(map(chr, range(32))) + "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\xa0 "

# openpyxl does not know the bars of newer Excels, which it need not.
warnings.filterwarnings("ignore", module="openpyxl")

passed = failed = 0


def check(holds, what, shown=""):
    global passed, failed
    passed, failed = passed + bool(holds), failed + (not holds)
    if not holds:
        print("FAIL", what, str(shown)[:400])


def same(found, wanted, what):
    """Checks that two lists are equal and shows the first difference."""
    at = next((i for i, (f, w) in enumerate(zip(found, wanted)) if f != w), None)
    alike = len(found) == len(wanted) and at is None
    check(alike, what, f"{len(found)} for {len(wanted)}" if at is None else f"[{at}] {found[at]!r} for {wanted[at]!r}")


def score(sabyr, out, *more):
    inputs = [ROOT / "data/night", HERE / "hostile.jsonl"]
    command = [sabyr, "score", *inputs, "--out", out, "--agent-domain", "sabyr-demo.kz", "--max-quarantine", "100%", "--quiet", *more]
    subprocess.run(list(map(str, command)), check=True, cwd=ROOT)
    return out


def office(home, out, target, files, infilter=None):
    """Converts files with LibreOffice, which keeps its settings in `home`."""
    command = ["soffice", "--headless", f"-env:UserInstallation=file://{home}", *([f"--infilter={infilter}"] if infilter else [])]
    command += ["--convert-to", target, "--outdir", out, *files]
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=600)


def is_formula(text):
    return text[:1] in ("\t", "\r", "\n") and text != "" or text.lstrip(INVISIBLE)[:1] in tuple(SIGNS)


def is_changed_when_opened(text):
    text = text.strip()
    if re.fullmatch(r"\d+", text):
        return len(text) > 15 or (len(text) > 1 and text[0] == "0")
    return bool(re.fullmatch(r"[\d.($][\d.,:/\-+eE%()$ ]*", text))


def local(text):
    """Date and time of a text as the presets for spreadsheets write it, or None."""
    text = text.strip()
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(.*))?", text)
    if not match:
        return None
    date, time, _ = match.groups()
    return date if time is None else f"{date} {(time + ':00')[:8]}"


def as_written(text, column, preset):
    """The text of a CSV cell for a value of the table."""
    text = text or ""
    if preset != "rfc":
        if column == "started_at" and local(text):
            return local(text)
        if column == "fatal" and preset == "excel-eu":
            text = text.replace("; ", ", ")
        guard = is_formula(text) or is_changed_when_opened(text)
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    else:
        guard = is_formula(text)
    return ("'" if guard else "") + text


def as_in_a_cell(text):
    """The text of a workbook's cell for a value of the table."""
    text = (text or "").replace("\r\n", "\n").replace("\r", "\n")
    return "".join("\ufffd" if (ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160 else c for c in text)


def number(value):
    return None if value is None or (isinstance(value, float) and math.isnan(value)) else value


def near(found, wanted):
    """Whether a number of CSV is that of the table, to the decimals that were written."""
    if wanted is None or found is None or found == "":
        return wanted is None and found in (None, "")
    return abs(float(found) - wanted) <= 0.0501 if isinstance(wanted, float) else float(found) == wanted


def numbers(found, wanted, what):
    bad = [i for i, (f, w) in enumerate(zip(found, wanted)) if not near(number(f), w)]
    check(len(found) == len(wanted) and not bad, what, [(found[i], wanted[i]) for i in bad[:3]])


def parquet(run):
    tables = {}
    for name in TABLES:
        table = polars.read_parquet(run / f"{name}.parquet")
        tables[name] = table
        again = pandas.read_parquet(run / f"{name}.parquet")
        same(list(again.columns), table.columns, f"{name}.parquet: columns, pandas and polars")
        for column in table.columns:
            values = [None if v is pandas.NA or v is None else number(v) for v in again[column].tolist()]
            same(values, table[column].to_list(), f"{name}.parquet: {column}, pandas and polars")
    return tables


def csv_files(run, tables, preset):
    separator, decimal, _ = PRESETS[preset]
    for name in TABLES:
        path, table, what = run / f"{name}.csv", tables[name], f"{preset} {name}.csv"
        raw = path.read_bytes()
        check(raw.startswith(b"\xef\xbb\xbf"), f"{what}: a byte-order mark")
        check(raw.endswith(b"\r\n") and not raw.startswith(b"\xef\xbb\xbfsep="), f"{what}: CR LF, no sep= line")
        texts = [c for c in table.columns if table[c].dtype == polars.String]
        plain = {"keep_default_na": False, "na_values": {c: [""] for c in table.columns if c not in texts}}
        frames = {
            "pandas": pandas.read_csv(path, sep=separator, decimal=decimal, encoding="utf-8-sig", dtype={c: str for c in texts}, **plain),
            "polars": polars.read_csv(
                path,
                separator=separator,
                decimal_comma=decimal == ",",
                schema_overrides={c: polars.String if c in texts else polars.Float64 for c in table.columns},
            ),
        }
        for reader, frame in frames.items():
            same(list(frame.columns), table.columns, f"{what}: header, {reader}")
            check(len(frame) == len(table), f"{what}: rows, {reader}", f"{len(frame)} for {len(table)}")
            for column in table.columns:
                found = frame[column].to_list()
                if column in texts:
                    wanted = [as_written(v, column, preset) for v in table[column]]
                    same([v or "" for v in found], wanted, f"{what}: {column}, {reader}")
                else:
                    numbers(found, table[column].to_list(), f"{what}: {column}, {reader}")


def opened(run, tables, preset, work):
    """The CSV files as a double-click shows them: opened by LibreOffice, which looks for numbers and dates."""
    separator, _, locale = PRESETS[preset]
    out = work / f"opened-{preset}"
    filter_ = f"CSV:{ord(separator)},34,76,1,,{locale},false,true"
    office(work / "office", out, "xlsx", [run / f"{name}.csv" for name in TABLES], filter_)
    for name in TABLES:
        table, what = tables[name], f"{preset} {name}.csv in LibreOffice"
        sheet = openpyxl.load_workbook(out / f"{name}.xlsx").active
        rows = list(sheet.iter_rows())
        same([c.value for c in rows[0]], table.columns, f"{what}: header")
        check(len(rows) - 1 == len(table), f"{what}: rows", f"{len(rows) - 1} for {len(table)}")
        cells = [c for row in rows for c in row if c.value is not None]
        check(not [c for c in cells if c.data_type in "fe"], f"{what}: no formula, no error")
        for i, column in enumerate(table.columns):
            found, wanted = [row[i] for row in rows[1:]], table[column].to_list()
            if table[column].dtype != polars.String:
                check(all(c.value is None or c.data_type == "n" for c in found), f"{what}: {column} is numbers")
                numbers([c.value for c in found], wanted, f"{what}: {column}")
            elif column == "started_at" and preset != "rfc":
                dates = [(c, local(w or "")) for c, w in zip(found, wanted) if local(w or "")]
                shown = [str(c.value)[: len(w)] for c, w in dates]
                check(all(isinstance(c.value, datetime.datetime) for c, _ in dates), f"{what}: {column} is dates")
                same(shown, [w for _, w in dates], f"{what}: {column}")
            else:
                # A spreadsheet may take a whole number for one; what it shows is the same.
                texts = ["" if c.value is None else str(c.value) for c in found]
                wanted = [as_written(w, column, preset) for w in wanted]
                if preset == "rfc":
                    pairs = [(t, w) for t, w in zip(texts, wanted) if not is_changed_when_opened(w) and not local(w)]
                    texts, wanted = [t for t, _ in pairs], [w.replace("\r\n", "\n").replace("\r", "\n") for _, w in pairs]
                    texts = [t.replace("_x000D_", "\n").replace("\r\n", "\n").replace("\r", "\n") for t in texts]
                # LibreOffice drops or escapes control characters on its way to xlsx.
                tidy = lambda t: re.sub(r"_x[0-9A-Fa-f]{4}_|[\x00-\x08\x0b-\x1f]", "", t)
                same([tidy(t) for t in texts], [tidy(w) for w in wanted], f"{what}: {column}")


def target(cell, sheet):
    """First and last row that a cell links to."""
    link = cell.hyperlink and re.fullmatch(rf"'{re.escape(sheet)}'!A(\d+):[A-Z]+(\d+)", cell.hyperlink.location or "")
    return link and (int(link[1]), int(link[2]))


def workbook(run, tables, language):
    book = openpyxl.load_workbook(run / "report.xlsx")
    names = SHEETS[language]
    same(book.sheetnames, names, f"workbook {language}: sheets")
    for sheet in book:
        bad = [c.coordinate for row in sheet.iter_rows() for c in row if c.data_type in "fe"]
        check(not bad, f"workbook {language}: no formula, no error on {sheet.title}", bad[:3])
    check(len(book[names[0]]._charts) == 8, f"workbook {language}: charts", len(book[names[0]]._charts))
    texts = " ".join(str(c.value) for row in book[names[0]].iter_rows() for c in row if c.value is not None)
    check(language == "en" or not re.search(r"\b(the|is|are)\b", texts), f"workbook {language}: the summary is in its language")
    order = {
        "agents": range(len(tables["agents"])),
        "conversations": range(len(tables["conversations"])),
        "quarantine": range(len(tables["quarantine"])),
        "evidence": sorted(range(len(tables["evidence"])), key=lambda i: (tables["evidence"]["agent_id"][i] or "").encode()),
    }
    for name, title in zip(["agents", "conversations", "evidence", "quarantine"], names[1:5]):
        table, sheet, what = tables[name], book[title], f"workbook {language} {title}"
        rows = list(sheet.iter_rows())
        same([c.value for c in rows[0]], table.columns, f"{what}: header")
        check(len(rows) - 1 == len(table), f"{what}: rows", f"{len(rows) - 1} for {len(table)}")
        check(sheet.freeze_panes and sheet.auto_filter.ref == sheet.dimensions, f"{what}: frozen header and filter")
        if name != "quarantine":
            check(len(sheet.conditional_formatting) > 0, f"{what}: bars or colours")
        for i, column in enumerate(table.columns):
            found = [row[i].value for row in rows[1:]]
            values = table[column].to_list()
            wanted = [values[k] for k in order[name]]
            if table[column].dtype != polars.String:
                same(found, wanted, f"{what}: {column}")
                continue
            wanted = [as_in_a_cell(w) for w in wanted]
            if column == "started_at":
                same([bool(isinstance(f, datetime.datetime)) for f in found], [bool(local(w)) for w in wanted], f"{what}: real dates")
                found = [str(f)[: len(local(w) or "")] if local(w) else f for f, w in zip(found, wanted)]
                wanted = [local(w) or w for w in wanted]
            if i == 0:
                wanted = [w if w or name != "agents" else f for f, w in zip(found, wanted)]
            same([f or "" for f in found], wanted, f"{what}: {column}")
    listed = [row[:2] for row in book[names[5]].iter_rows(min_row=2, values_only=True)]
    wanted = [(name, column) for name in ["agents", "conversations", "evidence", "quarantine"] for column in tables[name].columns]
    same(listed, wanted, f"workbook {language}: the dictionary explains every column")
    # Links: the rows that belong to whoever is clicked, all of them and no others.
    evidence = list(book[names[3]].iter_rows(min_row=2, values_only=True))
    wanted = {}
    for row in evidence:
        for key in [row[1] or "", (row[0], row[1] or "")]:
            wanted[key] = wanted.get(key, 0) + 1
    for title, key in [(names[1], lambda i: tables["agents"]["agent_id"][i]), (names[2], lambda i: (
            as_in_a_cell(tables["conversations"]["conversation_id"][i]), as_in_a_cell(tables["conversations"]["agent_id"][i])))]:
        bad = []
        for i, row in enumerate(book[title].iter_rows(min_row=2)):
            rows, belongs = target(row[0], names[3]), key(i)
            linked = evidence[rows[0] - 2 : rows[1] - 1] if rows else []
            alike = all((r[1] or "") == belongs if isinstance(belongs, str) else (r[0], r[1] or "") == belongs for r in linked)
            if not alike or len(linked) != wanted.get(belongs, 0) or not row[0].value:
                bad.append((row[0].value, rows))
        check(not bad, f"workbook {language} {title}: links select their evidence", bad[:3])
    return book


def in_office(run, tables, work):
    """Every sheet of the workbook as LibreOffice shows it."""
    out = work / "sheets"
    office(work / "office", out, "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1", [run / "report.xlsx"])
    seen = ""
    for name, title in zip(["", "agents", "conversations", "evidence", "quarantine", ""], SHEETS["en"]):
        text = (out / f"report-{title}.csv").read_text(encoding="utf-8")
        check(not ERROR.search(text), f"LibreOffice {title}: no formula error", ERROR.search(text))
        rows = list(csv.reader(text.splitlines(keepends=True)))
        if name:
            check(len(rows) - 1 == len(tables[name]), f"LibreOffice {title}: rows", f"{len(rows) - 1} for {len(tables[name])}")
            same(rows[0], tables[name].columns, f"LibreOffice {title}: header")
        seen += text
    check(all(letter in seen for letter in KAZAKH), "LibreOffice: every Kazakh letter", [c for c in KAZAKH if c not in seen])
    for text in ["../../x", "=cmd|' /C calc'!A0", "<script>alert(1)</script>", "ә" * 300, "(none)"]:
        check(text in seen, f"LibreOffice: {text[:30]} is shown")
    summary = (out / "report-Summary.csv").read_text(encoding="utf-8")
    check(f"Rows of evidence,{len(tables['evidence'])}," in summary, "LibreOffice: the summary counts the evidence")


def capped(run, tables):
    """A workbook of fewer rows than the tables keeps the lowest and says so."""
    book, most = openpyxl.load_workbook(run / "report.xlsx"), 40
    said = " ".join(str(c.value) for row in book["Summary"].iter_rows() for c in row if c.value)
    for title, name, column in [("Evidence", "evidence", "points"), ("Conversations", "conversations", "overall")]:
        rows = list(book[title].iter_rows(values_only=True))
        at = rows[0].index(column)
        lowest = sorted(v for v in tables[name][column].to_list() if v is not None)[:most]
        same(sorted(round(r[at], 2) for r in rows[1:]), [round(v, 2) for v in lowest], f"capped {title}: the lowest {column}")
        sentence = f"{most} of {len(tables[name])} rows of {name} are here"
        check(sentence in said, f"capped {title}: the summary says so")
        check(sentence in (book[title]["A1"].comment or openpyxl.comments.Comment("", "")).text, f"capped {title}: a note says so")


def main():
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} PATH-OF-SABYR")
    sabyr = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        languages = dict(zip(PRESETS, SHEETS))
        for preset, language in languages.items():
            run = score(sabyr, work / preset, "--csv-preset", preset, "--report-language", language)
            tables = parquet(run)
            check(sum(map(len, tables.values())) > 1000, f"{preset}: the night is there")
            csv_files(run, tables, preset)
            opened(run, tables, preset, work)
            workbook(run, tables, language)
            if language == "en":
                in_office(run, tables, work)
        capped(score(sabyr, work / "capped", "--workbook-rows", "40"), tables)
        check(not (score(sabyr, work / "none", "--no-workbook") / "report.xlsx").exists(), "--no-workbook writes none")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
