"""What functions, verbs, arguments and keys are called in SQL, pandas, R, jq, JavaScript and spreadsheets.

No function or verb of the language stands among the names of others.
"""

from __future__ import annotations

from collections.abc import Iterable

from clawc.compiler.source import Fix
from clawc.spec.ast import Span


def _rows(text: str) -> dict[str, str]:
    """`name: other other …`, one name of the language a line."""
    return {
        other: name
        for line in filter(None, (line.strip() for line in text.splitlines()))
        for name, others in [line.split(": ", 1)]
        for other in others.split()
    }


def _several(text: str) -> dict[str, tuple[str, ...]]:
    """The same, where another name may stand for several."""
    found: dict[str, tuple[str, ...]] = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        name, others = line.split(": ", 1)
        for other in others.split():
            found[other] = (*found.get(other, ()), name)
    return found


# The same under another name, with the same arguments in the same order.
FUNCTIONS = _rows("""
    length: len size strlen char_length character_length nchar
    count: nrow nrows n_rows num_rows row_count count_rows counta
    count_if: countif count_where
    sum: total sum_of cumulative sumof
    mean: avg average nanmean
    median: med
    min: minimum least lowest smallest nanmin
    max: maximum greatest highest largest biggest nanmax
    stddev: std stdev sd std_dev stddev_samp standard_deviation
    stddev_pop: stdevp pstdev stdev_pop
    quantile: percentile percentile_cont
    first: first_value any_value
    last: last_value
    list: array_agg collect_list collect to_list tolist to_array
    set: collect_set array_distinct to_set
    row_number: rownum row_num rownumber
    lag: shift previous prev
    running_sum: cumsum cum_sum running_total cumulative_sum
    numbered: enumerate with_index with_row_number add_row_number
    text: str to_string tostring to_text string as_text as_string cstr read_text read_file file_text slurp contents
    lines: read_lines readlines splitlines split_lines
    number: float to_number tonumber parse_float parsefloat decimal double as_number to_float numeric val parse_number num
    integer: int to_int toint parse_int parseint as_integer to_integer
    join_text: concat join_string implode paste string_join listagg group_concat array_join string_agg str_join join_strings
    trim: strip trimws str_trim btrim
    upper: uppercase to_upper toupper to_uppercase touppercase ucase upcase ascii_upcase str_to_upper
    lower: lowercase to_lower tolower to_lowercase tolowercase lcase downcase ascii_downcase casefold str_to_lower
    starts_with: has_prefix hasprefix begins_with beginswith
    ends_with: has_suffix hassuffix
    contains: includes has includes_text str_contains contains_text
    matches: like regex match test rlike regexp_like regexp_matches regex_match is_match re_match re_search grepl str_detect
    replace: gsub regexp_replace re_sub replace_all replaceall str_replace str_replace_all substitute
    find_all: regexp_extract_all str_extract_all re_findall
    capture: regexp_extract str_extract regex_capture regexp_substr
    split: str_split string_split split_string tokenize
    pad: lpad pad_left padleft pad_start padstart zfill rjust str_pad
    slug: slugify
    format_number: number_format tofixed to_fixed fixed format_decimal
    ceil: ceiling
    ln: log_e
    workdays: networkdays business_days
    add_months: edate addmonths months_add
    weekday: dayofweek day_of_week dow wday isoweekday isodow
    day: dayofmonth day_of_month mday
    date: to_date todate parse_date strptime as_date date_parse datevalue
    datetime: to_datetime to_timestamp parse_datetime as_datetime
    dates: date_range daterange
    csv: read_csv load_csv parse_csv from_csv readcsv
    tsv: read_tsv load_tsv
    jsonl: read_jsonl ndjson
    json: read_json load_json parse_json from_json fromjson json_parse json_load
    yaml: read_yaml load_yaml parse_yaml from_yaml yaml_load
    toml: read_toml load_toml parse_toml
    xlsx: read_excel read_xlsx load_excel excel
    exists: file_exists is_file isfile path_exists
    words: word_count count_words wordcount num_words
    headings: headers titles
    unique: is_unique all_unique no_duplicates
    sorted: is_sorted is_ascending
    subset: is_subset issubset
    union: union_all bind_rows rbind vstack append_rows
    except: difference set_difference except_all
    intersect: intersection
    run: shell exec system subprocess execute bash command
    unchanged: is_unchanged not_changed untouched
    only: single
    get: get_path getpath dig
""")  # fmt: skip

VERBS = _rows("""
    where: filter having keep filter_by
    derive: map mutate assign with_column with_columns withcolumn extend add_column add_columns addcolumn compute calculate
    select: project pluck pick_columns keep_columns transmute
    drop: drop_columns remove_columns exclude
    sort: order_by orderby order arrange sort_by sortby sort_values sorted_by
    take: limit head top top_n first_n slice_head fetch
    distinct: uniq dedupe dedup drop_duplicates unique_by distinct_by distinct_on distinct_rows
    group: group_by groupby summarize summarise aggregate agg group_agg
    join: merge inner_join innerjoin
    left_join: leftjoin left_outer_join lookup_join outer_join
    anti_join: antijoin left_anti
    semi_join: semijoin left_semi
    cross_join: crossjoin cartesian
    unnest: explode flatten unwind unnest_longer flat_map flatmap
    pivot: pivot_table pivot_wider spread crosstab cast
    unpivot: melt pivot_longer gather
    window: over with_window transform
    all: every all_of_them for_all forall
    any: some any_of_them
""")  # fmt: skip

_CLOCK = "there is no clock; write the date, such as `@2026-01-31`"
_IF = "write `if condition then a else b`"
_POWER = "there are no powers; write `x * x`"
_LOOP = "there are no loops; aggregates such as `sum` run over lists, and verbs such as `derive` over tables"
_NULL = "compare with `== null` or `!= null`"
_DEFAULT = "write `x ?? default`"
_PART = 'write `left(s, n)` or `right(s, n)`, or `capture(s, re"…")`'
_KEPT = "keep the rows first: `sum((t | where condition).column)`"
_IN = "write `x in list`"
_EQUAL = "write `a == b`"
_CHANCE = "values come by chance in `data` alone: `integer_between(1, 6)`, `pick(list)`"
_LOOKUP = "write `left_join other on key`, or `get(record, key)`"

# What is no function here, with the way it is written.
OTHERWISE: dict[str, str] = {
    **dict.fromkeys(("today", "now", "current_date", "current_timestamp", "current_time", "sysdate", "getdate", "utcnow", "curdate"), _CLOCK),
    **dict.fromkeys(("iif", "ifelse", "if_else", "case", "case_when", "when", "switch", "choose", "decode", "cond"), _IF),
    **dict.fromkeys(("pow", "power", "square"), _POWER),
    **dict.fromkeys(("reduce", "fold", "foldl", "for_each", "foreach", "apply", "lapply", "sapply", "iterate"), _LOOP),
    **dict.fromkeys(("isnull", "is_null", "isna", "is_na", "isblank", "is_missing", "notnull", "is_not_null", "notna", "isnan"), _NULL),
    **dict.fromkeys(("coalesce", "ifnull", "if_null", "nvl", "fillna", "fill_null", "default", "isnull_or", "replace_na"), _DEFAULT),
    **dict.fromkeys(("substring", "substr", "mid", "slice", "str_sub", "str_slice", "charat", "char_at"), _PART),
    **dict.fromkeys(("sumif", "sumifs", "sum_if", "averageif", "avgif", "avg_if", "mean_if", "countifs", "sum_where", "max_if", "min_if"), _KEPT),
    **dict.fromkeys(("is_in", "isin", "in_list", "is_member", "member"), _IN),
    **dict.fromkeys(("equals", "equal", "eq", "equal_to", "is_equal", "assert_equal", "assert_equals", "same"), _EQUAL),
    **dict.fromkeys(("rand", "random", "randint", "randbetween", "rand_int"), _CHANCE),
    **dict.fromkeys(("vlookup", "hlookup", "xlookup", "lookup", "index_match", "dlookup"), _LOOKUP),
    **dict.fromkeys(("mod", "modulo", "remainder", "fmod"), "there is no remainder; `x - floor(x / n) * n` is one"),
    **dict.fromkeys(("datediff", "date_diff", "datedif", "days_between", "timestampdiff"), "dates are subtracted: `days(to - from)`"),
    **dict.fromkeys(("date_add", "dateadd", "add_days", "adddays", "plus_days", "date_sub", "timedelta", "interval"), "durations are added: `day + 7d`"),
    **dict.fromkeys(("between",), "write `x in low..high`"),
    **dict.fromkeys(("count_distinct", "nunique", "n_distinct", "distinct_count", "countd"), "write `count(set(x))`"),
    **dict.fromkeys(("lead", "following"), "there is `lag(x)` alone; sort the other way round"),
    **dict.fromkeys(("rank", "dense_rank", "rank_of"), "`row_number()` in `window` counts rows; rows that tie have numbers of their own"),
    **dict.fromkeys(("reverse", "reversed", "rev"), "sort by a key with `-`"),
    **dict.fromkeys(("strftime", "format_date", "date_format", "to_char"), "a date in a text is written as `2026-01-31`; `year(d)`, `month(d)` and `day(d)` are its parts"),
    **dict.fromkeys(("array", "vector", "list_of", "tuple"), "a list is written `[a, b]`"),
    **dict.fromkeys(("dict", "object", "struct", "map_of", "to_record"), "a record is written `{key: value}`; `record(t)` makes one of a table of two columns"),
    **dict.fromkeys(("index_of", "indexof", "strpos", "instr", "locate", "position", "find", "search"), "write `contains(text, part)`, or `matches(text, re\"…\")`"),
    **dict.fromkeys(("xor",), "write `a != b`"),
    **dict.fromkeys(("range", "seq", "generate_series"), "a range is written `1..5`"),
    **dict.fromkeys(("print", "echo", "debug"), "nothing is printed; `clawc check` tells the values that differ"),
    **dict.fromkeys(("skip", "offset", "tail", "slice_tail", "bottom"), "sort the other way round and `take`"),
    **dict.fromkeys(("rename_columns", "rename_with", "as"), "write `| rename new = old`"),
}  # fmt: skip

# Functions that begin like a verb does, where a table comes before them.
OF_TABLES: dict[str, str] = {"unique": "distinct", "sorted": "sort", "columns": "select", "except": "anti_join", "list": "select",
                             "first": "take", "matches": "where", "contains": "where", "set": "distinct"}  # fmt: skip

# Arguments of functions and verbs; which one is meant depends on the function.
_ARGUMENTS = _several("""
    digits: decimals places ndigits precision decimal_places
    decimals: digits places precision tolerance
    half: mode rounding method
    by: sep separator delimiter delim on pattern glue
    sep: separator thousands delimiter
    timeout: timeout_s seconds timeout_sec wait limit
    stdin: input
    cwd: dir workdir working_dir working_directory folder directory
    types: dtype dtypes schema
    sheet: sheet_name tab worksheet
    table: table_name
    css: selector query
    format: fmt pattern
    zone: tz timezone time_zone
    near: close_to around with beside
    ignore: ignore_case case ignoring
    width: length size
    fill: char fillchar with character
    level: depth
    files: inputs
    env: environment environ vars
    args: arguments argv params
    argv: args command cmd
    p: q percent quantile
    what: expected values items text
    keys: columns names names_from column key
    values: values_from aggregate agg value
""")  # fmt: skip

# Keys and columns of what a reader or a run gives, by some of those that tell it.
_FIELDS: tuple[tuple[frozenset[str], dict[str, str]], ...] = (
    (frozenset(("exit", "timed_out")), _rows("""
        exit: exitcode exit_code code returncode return_code status rc exit_status
        stdout: output out
        stderr: err error errors
        timed_out: timeout
    """)),
    (frozenset(("subject", "body")), _rows("""
        from: sender
        body: text content message html
        subject: title
        to: recipients recipient
        date: sent
    """)),
    (frozenset(("uid", "summary")), _rows("""
        summary: title subject name
        start: begin begins dtstart
        end: ends dtend until
        location: place room
        attendees: people participants guests
    """)),
    (frozenset(("at", "level", "message")), _rows("""
        at: time timestamp date ts datetime
        level: severity
        message: msg text
    """)),
    (frozenset(("id", "author", "files")), _rows("""
        id: hash sha commit
        at: date time timestamp
        message: subject title
    """)),
    (frozenset(("path", "stem", "ext")), _rows("""
        ext: extension suffix
        text: content contents body data
        name: filename file_name basename
    """)),
    (frozenset(("tag", "attr")), _rows("""
        attr: attrs attributes attrib
        tag: element
        text: content value inner_text
    """)),
)  # fmt: skip


def function_called(name: str, piped: bool) -> str:
    """The function or verb that other languages call so, or ""; where a table comes before, a verb."""
    plain = name.casefold()
    first, second = (VERBS, FUNCTIONS) if piped else (FUNCTIONS, VERBS)
    return first.get(plain) or second.get(plain) or ""


def otherwise(name: str) -> str:
    """How something is written that is no function here, or ""."""
    return OTHERWISE.get(name.casefold(), "")


def argument_called(name: str, known: Iterable[str]) -> str:
    """The one of the arguments that other languages call so, or ""."""
    others = _ARGUMENTS.get(name.casefold(), ())
    found = [k for k in known if k in others]
    return found[0] if len(found) == 1 else ""


def field_called(name: str, known: Iterable[str]) -> str:
    """The key or column of what a reader gives that other languages call so, or ""."""
    names = frozenset(known)
    for telling, called in _FIELDS:
        if telling <= names:
            return called.get(name.casefold(), "")
    return ""


def write_instead(name: str, span: Span) -> Fix:
    """The edit that writes a name."""
    return Fix(span, name, f"write `{name}`")
