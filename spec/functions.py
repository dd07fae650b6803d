"""The table of functions, verbs and aggregates: name, signature, the primitive that implements it, one line of doc.

Letters of signatures: T table, L list, R record, S text, N number, B condition, D date, U duration, V any value, F file,
G range, P regex, X row expression. A parameter with `=` may be left out. `-> ?` marks functions whose result type is
worked out from their arguments (compiler/elaborate).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple


class Parameter(NamedTuple):
    name: str
    letters: str
    required: bool
    rest: bool


@dataclass(frozen=True, slots=True)
class Function:
    """One row of the table. `python` is the primitive in `clawc.stdlib.checks`; `group` orders the reference."""

    name: str
    row: str
    python: str
    group: str
    doc: str

    @property
    def signature(self) -> str:
        """The signature as messages and pages show it: without a result that the arguments decide."""
        return self.row.removesuffix(" -> ?")

    @property
    def result(self) -> str:
        return self.row.rsplit("->", 1)[1].strip()

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return _parameters(self.signature)


@cache
def _parameters(signature: str) -> tuple[Parameter, ...]:
    inside = signature[signature.index("(") + 1 : signature.rindex(")")]
    found: list[Parameter] = []
    for part in filter(None, (p.strip() for p in inside.split(","))):
        name, letters = (p.strip() for p in part.split(":", 1))
        optional = letters.endswith("=")
        rest = name.startswith("*")
        found.append(Parameter(name.lstrip("*"), letters.rstrip("= "), not optional and not rest, rest))
    return tuple(found)


def _rows(group: str, text: str) -> list[Function]:
    """One function a line: `signature ; primitive ; doc`."""
    found: list[Function] = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        signature, python, doc = (part.strip() for part in line.split(";", 2))
        found.append(Function(signature[: signature.index("(")], signature, python, group, doc))
    return found


TABLE: tuple[Function, ...] = (
    *_rows("readers", """
        csv(file: F|S|T, types: R =) -> ? ; csv_table ; rows of a comma-separated file with a header line
        tsv(file: F|S|T, types: R =) -> ? ; tsv_table ; rows of a tab-separated file with a header line
        jsonl(file: F|S|T) -> ? ; jsonl_table ; one JSON value a line, as a table
        json(file: V) -> ? ; json_value ; the value of a JSON file
        yaml(file: V) -> ? ; yaml_value ; the value of a YAML file with one document
        yaml_all(file: F|S) -> ? ; yaml_all ; the values of all documents of a YAML file
        toml(file: V) -> ? ; toml_value ; the value of a TOML file
        ini(file: V) -> ? ; ini_sections ; the sections of an INI file, each a record
        python(file: F|S) -> ? ; python_source ; functions, classes, imports, calls and texts of a Python program
        diff(file: F|S) -> ? ; diff_table ; the lines of a unified diff: path, kind, line, text
        text(of: F|V) -> S ; text_of ; the text of a file, or a value written as text
        lines(of: F|S) -> ? ; lines_of ; the lines of a text, without line ends
        md_table(of: F|S) -> ? ; md_table ; the first table of a Markdown text
        xml(of: V) -> ? ; xml_document ; the outermost element of an XML file: tag, attr, text, children
        xml_select(of: F|S, path: S) -> ? ; xml_select ; the elements at a path such as `a/b`, `//b[@x='v']`, `*[2]`: tag, text, attr
        html(of: V) -> ? ; html_document ; the element `html` of a document: tag, attr, text, children
        html_select(of: F|S, css: S) -> ? ; html_select ; the elements that a CSS selector selects: tag, text, attr
        html_table(of: F|S, css: S =) -> ? ; html_table ; the first table of an HTML document, or within what `css` selects
        email(of: F|S|R) -> ? ; email_message ; a message: from, to, cc, subject, date, headers, body, attachments
        sqlite(file: F|R, table: S =) -> ? ; sqlite_table ; a table or view of an SQLite database
        sqlite_tables(file: F) -> L ; sqlite_tables ; the names of its tables and views
        xlsx(file: F|T|R, sheet: S|N =) -> ? ; xlsx_table ; the rows of a sheet: the first, or that of the name or number
        xlsx_sheets(file: F) -> L ; xlsx_sheets ; the names of the sheets of a workbook
        zip(file: F|R) -> ? ; archive_table ; the files in a .zip, .tar or .tar.gz: path, size, text
        zip_file(file: F, path: S) -> ? ; zip_file ; a file in such an archive, to be read by other readers
        ics(file: F|S|T) -> ? ; ics_table ; the events of a calendar: uid, summary, start, end, location, attendees and so on
        log(file: F|S) -> ? ; log_table ; the lines of a log in the common forms: at, level, source, message, extra
        field(of: F|S, label: S) -> S ; field ; the text behind `Label:` on a line of its own
        rows(file: F) -> ? ; rows ; the rows of a table file, by its format; of Markdown those of the first table
        exists(file: F) -> B ; exists ; is there a regular file at the path?
        from(path: S) -> S ; asset ; the text of a file beside the source, at compile time
    """),
    *_rows("files", """
        files(of: V) -> T ; file_table ; the files of a tree or set: path in its folder, name, stem, ext, text
        names(of: V) -> L ; file_names ; the paths of the files of a tree or set
        commits(of: V) -> T ; commits_of ; the commits of a `repo`, oldest first: id, author, email, at, message, files
        dirs(of: V) -> L ; file_dirs ; the folders of a tree or set that hold files
    """),
    *_rows("rows", """
        table(of: V) -> ? ; table ; a list of records, or of single values, as a table
        columns(of: T) -> L ; columns_of ; the names of the columns
        record(of: T) -> R ; record_of ; a table of two columns as keys and values
        only(of: T|L) -> ? ; only ; the one row that there is
        values(of: R) -> L ; values_of ; the values of a record
        get(of: V, path: S) -> V ; get_path ; the value at a dotted path
        patch(of: V, changes: R) -> V ; patch ; the value with others at dotted paths
        union(first: T|L, *more: T|L) -> ? ; union ; the rows of all, duplicates kept
        except(of: T|L, without: T|L) -> ? ; except_rows ; distinct rows of the first that the second lacks
        intersect(of: T|L, other: T|L) -> ? ; intersect ; distinct rows that both have
        numbered(of: T|L) -> ? ; numbered ; with `n`, counted from 1; the elements of a list as `value`
        unordered(of: V) -> ? ; unordered ; the same rows or values, their order free
        ordered(of: V) -> ? ; ordered ; the same rows or values, their order counting
        one_of(*values: V) -> V ; one_of ; any of these answers is right
    """),
    *_rows("window", """
        row_number() -> N ; row_numbers ; in `window`: the place of the row, from 1
        lag(of: X) -> ? ; lagged ; in `window`: the value in the row before, null in the first
        running_sum(of: X) -> N ; running_sums ; in `window`: the sum of the values up to this row
    """),
    *_rows("numbers", """
        number(of: V) -> N ; number ; the number that a text spells, else null
        integer(of: V) -> N ; integer ; the whole number that a text spells, else null
        round(x: N, digits: N =, half: S =) -> N ; round_to ; half up, unless `half = "even"`
        floor(x: N) -> N ; floor_of ; the next whole number below
        ceil(x: N) -> N ; ceil_of ; the next whole number above
        abs(x: N) -> N ; abs_of ; without its sign
        ln(x: N) -> N ; ln ; natural logarithm, 34 digits
        log10(x: N) -> N ; log10 ; decimal logarithm, 34 digits
        sqrt(x: N) -> N ; sqrt ; square root, 34 digits
        fraction(of: S|N) -> N ; fraction ; "12 %" as 0.12
        format_number(x: N, decimals: N, sep: S =) -> S ; format_number ; with a fixed number of decimals
        bounds(of: S) -> G ; bounds ; "3-5" as a range
    """),
    *_rows("text", """
        lower(s: S) -> S ; lower_of ; in lower case
        upper(s: S) -> S ; upper_of ; in upper case
        trim(s: S) -> S ; trim_of ; without blanks at both ends
        replace(s: S, old: S|P, new: S) -> S ; replace_in ; every occurrence replaced
        split(s: S, by: S|P) -> L ; split_by ; the parts between separators
        join_text(parts: L, by: S) -> S ; join_text ; the parts with a separator between
        left(s: S, n: N) -> S ; left_of ; the first n characters
        right(s: S, n: N) -> S ; right_of ; the last n characters
        starts_with(s: S, prefix: S) -> B ; starts_with ; does the text begin so?
        ends_with(s: S, suffix: S) -> B ; ends_with ; does the text end so?
        contains(s: F|S, part: S, ignore: L =) -> B ; contains ; is this a part of the text, letter by letter?
        matches(s: S, regex: P) -> B ; matches ; does the regex occur in the text?
        capture(s: S, regex: P) -> S ; capture ; the first group of the first match, else null
        find_all(s: S, regex: P) -> L ; find_all ; every match
        length(of: S|L|T) -> N ; length_of ; the number of characters, or of elements
        command_line(s: S, values: L =) -> R ; command_line ; a command as program, flags and args; `values`: flags that take the next word
        pad(of: V, width: N, fill: S =) -> S ; pad ; filled up on the left
        normalise(s: S, what: L) -> S ; normalised_by ; without case, spaces, punctuation, accents, markup, lookalikes, leet
        similarity(a: S, b: S) -> N ; similarity ; from 0 to 1, by runs of three signs
        fits(s: S, pattern: S) -> B ; fits_pattern ; is it the pattern, with something for each `…`?
        slug(s: S) -> S ; slug ; lower case, words joined by `-`
    """),
    *_rows("dates", """
        date(of: V, format: S =) -> D ; read_date ; the date that a text spells: 2026-01-31, 2026/01/31, 31 January 2026, Jan 31, 2026; else null
        datetime(of: V, zone: S =) -> D ; datetime_of ; the date and time that a text spells, else null
        minutes(d: U) -> N ; minutes_of ; a duration in minutes
        hours(d: U) -> N ; hours_of ; a duration in hours
        days(d: U) -> N ; days_of ; a duration in days
        add_months(d: D, n: N) -> D ; add_months ; the same day n months later, or the month's last
        weekday(d: D) -> N ; weekday_of ; Monday is 1
        day(d: D) -> N ; day_of ; day of the month
        month(d: D) -> N ; month_of ; month of the year
        year(d: D) -> N ; year_of ; the year
        workdays(from: D, to: D) -> N ; workdays ; Mondays to Fridays from the first day up to the last, both included
        dates(range: G) -> L ; dates_in ; every day of a range
        cron_times(s: S, range: G) -> L ; cron_times ; when a crontab line fires in a range
        overlap(a: G, b: G) -> U ; overlap ; how long two ranges of time overlap
    """),
    *_rows("judging", """
        mentions(in: F|S, what: V, near: S|L =, decimals: N|G =, ignore: L =) -> B ; mentions ; is it said there?
        mentions_all(in: F|S, what: L, near: S|L =, decimals: N|G =, ignore: L =) -> B ; mentions_all ; is each said?
        mentions_any(in: F|S, what: L, near: S|L =, decimals: N|G =, ignore: L =) -> B ; mentions_any ; is one said?
        mentions_in_order(in: F|S|L, what: L) -> B ; mentions_in_order ; are they said, one after the other?
        words(of: F|S) -> N ; words ; number of words, markup not counted
        sentences(of: F|S) -> L ; sentences ; the sentences of a text
        paragraphs(of: F|S) -> L ; paragraphs ; the paragraphs of a text
        bullets(of: F|S) -> L ; bullets ; the items of all lists
        headings(of: F|S, level: N =) -> L ; headings ; the headings, without marks
        section(of: F|S, name: S) -> S ; section ; the text under a heading
        split_at(of: F|S, titles: L) -> T ; split_at ; the parts that begin with these lines, as title and body
        contains_lines(of: F|S, lines: L) -> B ; contains_lines ; do these lines stand there in this order?
        in_order(of: L, what: L) -> B ; in_order ; do these values occur one after the other, others between?
        subset(of: L, other: L) -> B ; subset ; is everything of the first in the second?
        unique(of: L) -> B ; unique ; does nothing occur twice?
        sorted(of: L) -> B ; is_sorted ; is it in ascending order?
    """),
    *_rows("kept", """
        holds(of: B) -> B ; can_hold ; does the condition hold? false, too, where it cannot be judged, as of a file that is not there
        worth(share: N) -> B ; worth ; holds to this share, from 0 to 1, which a `partial` check pays
        root(x: N, n: N) -> N ; root ; n-th root, 34 digits
        file_size(file: F) -> N ; size_of ; the size of a file in bytes
    """),
    *_rows("change", """
        unchanged(what: V) -> B ; unchanged ; is the input as it was? `workspace`: all inputs
        only_changed(files: L) -> B ; only_changed ; did no other input change?
        changed_lines(file: F) -> T ; changed_lines ; where an edited file differs: kind (changed, added, removed), line, text, was
        only_under(folder: S) -> B ; only_under ; do all new files lie under this folder?
    """),
    *_rows("data", """
        serial(text: S) -> S ; text_of ; a text with a hole for the number of the row: `serial("C-{{ n }}")`
        pick(of: L|T|R) -> V ; pick_one ; one of a list, or a key of a record of weights
        any_date(first: D, last: D) -> D ; any_date ; a day between two
        integer_between(low: N, high: N) -> N ; any_integer ; a whole number between two
        uniform(low: N, high: N) -> N ; any_uniform ; a number between two, evenly spread
        normal(mean: N, deviation: N) -> N ; any_normal ; normally distributed
        lognormal(mu: N, sigma: N) -> N ; any_lognormal ; e to the power of a normal number
        chance(share: N) -> B ; any_chance ; true in this share of rows
    """),
    *_rows("dirt", """
        duplicate_rows(n: N) -> ? ; duplicate_rows ; n rows stand a second time, further down
        shuffle_rows() -> ? ; shuffle_rows ; the rows in any order
        blank(column: X, share: N) -> ? ; blank_cells ; this share of the cells is empty
        garble(column: X, share: N) -> ? ; garble_cells ; this share of the texts has a slip of the keyboard
        mixed_date_formats(column: X) -> ? ; mixed_date_formats ; dates in five spellings, all of which `date(…)` reads
        mixed_case(column: X) -> ? ; mixed_case ; texts in lower, upper and mixed case
        stray_spaces(column: X, share: N =) -> ? ; stray_spaces ; blanks before, behind and twice inside; half of the texts unless given
        outlier(column: X, n: N) -> ? ; outliers ; n numbers are a hundred or a thousand times too large
    """),
    *_rows("testing", """
        passed(check: V) -> B ; passed ; did the check pass? In `test` only
        score() -> N ; score_of ; the score of the checks, in `test` only
    """),
    *_rows("programs", """
        run(argv: L, files: R =, env: R =, stdin: S =, timeout: U =, cwd: S =, alone: B =) -> ? ; run_result ; what a program does
        call(module: S, function: S, args: L, timeout: U =) -> V ; call_value ; the value that a function of a Python file gives
        raises(of: V, kind: S) -> B ; call_raises ; does the call end in an exception of this kind?
        defines(file: F|S, name: S) -> B ; defines ; does a Python program define the function, class or `Class.method`?
        imports(file: F|S) -> L ; imported_modules ; the modules that a Python program imports
    """),
)  # fmt: skip

# What `use std.MODULE (name)` gives beside the definitions of the module: random values for `data` and `param`.
PROVIDERS: tuple[Function, ...] = (
    *_rows("people", """
        full_name(locale: S =, gender: S =) -> S ; any_full_name ; first name and surname; `gender`: "female" or "male"
        first_name(locale: S =, gender: S =) -> S ; any_first_name ; a first name
        last_name(locale: S =) -> S ; any_last_name ; a surname
        email(name: S =, domain: S =) -> S ; any_email ; an address for a name, at a domain that is reserved for examples
        phone(locale: S =) -> S ; any_phone ; a telephone number that is reserved for fiction
        job(locale: S =) -> S ; any_job ; what somebody works as
    """),
    *_rows("places", """
        city(locale: S =) -> S ; any_city ; a city
        state(locale: S =) -> S ; any_state ; a state or region
        country(locale: S =) -> S ; any_country ; a country, in the language of the locale
        street(locale: S =) -> S ; any_street ; a street with a number
        postcode(locale: S =) -> S ; any_postcode ; a postal code by its form alone
        address(locale: S =) -> S ; any_address ; street, postal code and city on one line
    """),
    *_rows("business", """
        company(locale: S =) -> S ; any_company ; a company that does not exist, named for people
        department(locale: S =) -> S ; any_department ; a department, in English unless the locale has its own names
    """),
    *_rows("prose", """
        word(locale: S =) -> S ; any_word ; a word
        phrase(words: N, locale: S =) -> S ; any_phrase ; so many words
        sentence(words: N =, locale: S =) -> S ; any_sentence ; words with a capital and a full stop; 6 to 14 unless given
        paragraph(sentences: N =, locale: S =) -> S ; any_paragraph ; sentences; 3 to 6 unless given
    """),
    *_rows("money", """
        price(low: N, high: N) -> N ; any_price ; a price between two numbers, as shops write them: often .99 or .00
        currency(locale: S =) -> S ; any_currency ; the code of the currency of the locale
        money(amount: N, locale: S =) -> S ; money_text ; an amount as people of the locale write it
    """),
)  # fmt: skip
LOCALES = ("en", "en-gb", "de", "fr", "sv")

AGGREGATES: tuple[Function, ...] = tuple(
    _rows(
        "aggregates",
        """
        count(of: L|T =) -> N ; count_all ; how many rows; with a column, how many that are not null
        count_if(condition: X) -> N ; count_if ; how many rows hold
        sum(of: X) -> N ; total ; the sum; 0 of nothing
        mean(of: X) -> N ; mean ; arithmetic mean, null of nothing
        median(of: X) -> N ; median ; the middle one, or the mean of the two
        min(of: X) -> V ; smallest ; the least
        max(of: X) -> V ; largest ; the greatest
        stddev(of: X) -> N ; stddev ; of a sample
        stddev_pop(of: X) -> N ; stddev_pop ; of a population
        quantile(of: X, p: N) -> N ; quantile ; linear between neighbours
        share(condition: X) -> N ; share_of ; the share of rows that hold
        first(of: X) -> V ; first ; the first
        last(of: X) -> V ; last ; the last
        list(of: X) -> L ; all_of ; every value, in order
        set(of: X) -> L ; set_of ; every distinct value, order free
    """,
    )
)

VERBS: tuple[Function, ...] = tuple(
    _rows(
        "verbs",
        """
        where(rows: T|L, condition: X) -> ? ; where ; the rows that hold
        derive(rows: T, *columns: X) -> ? ; derive ; with `name = …` as further columns
        select(rows: T, *columns: X) -> ? ; select ; only these columns, or `name = …`
        drop(rows: T, *columns: X) -> ? ; drop ; without these columns
        rename(rows: T, *columns: X) -> ? ; rename ; `new = old`
        sort(rows: T|L, *keys: X) -> ? ; sort ; by these keys; `-key` descends
        take(rows: T|L, n: N) -> ? ; take ; the first n
        distinct(rows: T|L, *keys: X) -> ? ; distinct ; the first of those that agree
        group(rows: T, *columns: X) -> ? ; group ; one row for each key, with `name = aggregate`
        join(rows: T, other: T) -> ? ; join ; pairs that agree `on` the keys
        left_join(rows: T, other: T) -> ? ; left_join ; the same, unmatched rows kept
        semi_join(rows: T, other: T) -> ? ; semi_join ; the rows that have a partner
        anti_join(rows: T, other: T) -> ? ; anti_join ; the rows that have none
        cross_join(rows: T, other: T) -> ? ; cross_join ; every pair
        nest_join(rows: T, *other: X) -> ? ; nest_join ; `name = t on k`: the partners as a table in a column
        unnest(rows: T, *columns: X) -> ? ; unnest ; `name = list`: one row for each element
        pivot(rows: T, *columns: X) -> ? ; pivot ; `key…, keys = X, values = aggregate`
        window(rows: T, *columns: X) -> ? ; window ; `name = …` columns from the rows before, or all rows with the same keys: `window total = sum(x), n = row_number() on team`
        unpivot(rows: T, *columns: X) -> ? ; unpivot ; columns to rows of name and value
        parse(rows: L, regex: P) -> ? ; parse ; the named groups of the lines that match
        all(rows: T|L, condition: X) -> B ; all_rows ; do all rows hold?
        any(rows: T|L, condition: X) -> B ; any_row ; does a row hold?
        none(rows: T|L, condition: X) -> B ; none_row ; does no row hold?
    """,
    )
)

BY_NAME: dict[str, Function] = {f.name: f for f in (*TABLE, *AGGREGATES, *VERBS)}
WINDOW_NAMES = frozenset(f.name for f in TABLE if f.group == "window")
AGGREGATE_NAMES = frozenset(f.name for f in AGGREGATES)
VERB_NAMES = frozenset(f.name for f in VERBS)
DIRT_NAMES = frozenset(f.name for f in TABLE if f.group == "dirt")
PROVIDED: dict[str, Function] = {f.name: f for f in PROVIDERS}

# In the design, not in this version: a use is told so instead of `unknown function`.
LATER = frozenset(["is_top", "program"])
