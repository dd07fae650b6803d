"""Archetypes over folders of files: filed by rule, held against a manifest."""

from __future__ import annotations

from clawc.stdlib.archetypes import outputs
from clawc.stdlib.archetypes.archetype import Archetype, take
from clawc.stdlib.archetypes.draft import Draft, hole, quoted
from clawc.stdlib.archetypes.pieces import (
    Figure,
    column,
    data_block,
    deliver,
    figures_file,
    identifier,
    judge,
    keep,
    let,
    out_path,
    people_block,
    table_input,
    texts,
)  # fmt: skip
from clawc.stdlib.archetypes.state import State


def file_sorting(draft: Draft) -> None:
    """Files of an inbox copied into folders by what they say of themselves."""
    draw, domain = draft.draw, draft.domain
    people = people_block(draft, 4, 6)
    kinds = draw.sample(domain.kind.values, draw.between(3, min(4, len(domain.kind.values))))
    by, ref = draw.pick(("kind", "month", "kind")), draw.pick(("Ref", "No", "File"))
    labels = draw.pick((("Type", "Date", "From"), ("Kind", "Received", "Sender"), ("Class", "Day", "Name")))
    count = draw.between(7, 10)
    data = data_block(draft, "papers", count, (
        f"ref = {identifier(draft)}", f"kind = pick({texts(kinds)})", f"day = any_date(@{draft.when.first}, @{draft.when.last})", f"who = pick({people}.name)", f"note = pick({texts(domain.note.phrases)})",
        f'body = "{ref}: {{{{ ref }}}}\\n{labels[0]}: {{{{ kind }}}}\\n{labels[1]}: {{{{ day }}}}\\n{labels[2]}: {{{{ who }}}}\\n\\n{{{{ note }}}}\\n"',
    ))  # fmt: skip
    inbox, target = draw.pick((("inbox", "filed"), ("scans", "archive"), ("incoming", "sorted"), ("desk", "cabinet")))
    records: list[str] = []
    style = draw.pick(("scan_{:03}.txt", "doc{:02}.txt", "paper-{}.txt"))
    for index in range(count):
        file = draft.name(f"paper_{index + 1}")
        name = style.format(index + 1)
        draft.files.append(f"file {file} {quoted(f'{inbox}/{name}')} {{ content = {data}[{index}].body }}")
        records.append(f"{{file: {quoted(name)}, body: text({file})}}")
    draft.formats_in.append("text files")
    folder = f'slug(field(body, "{labels[0]}"))' if by == "kind" else f'left(field(body, "{labels[1]}"), 7)'
    renamed = draw.chance(50)
    name = f'slug(field(body, "{ref}"))' if renamed else "left(file, length(file) - 4)"
    filed = let(draft, "filed_papers", f"table([{', '.join(records)}])\n    | derive folder = {folder}, name = {name}")
    files = deliver(draft, "copies", f"{target}/{{{{ folder }}}}/{{{{ name }}}}.txt", f"each = {filed}", "only = true")
    draft.say(
        "source",
        draft.phrase(
            "papers",
            (
                "The folder {inbox} holds {count} text files.",
                "All papers lie in {inbox} as .txt files.",
                "Take every .txt file in {inbox}.",
            ),
            inbox=inbox,
            count=count,
        ),
        {"do": "read", "path": inbox, "format": "text"},
    )
    where = {
        "kind": ("FOLDER is what the line \"{label}:\" says, in lower case with a hyphen for every run of other signs than letters and digits", "the line \"{label}:\" gives FOLDER, written in lower case and with hyphens for anything but letters and digits", "FOLDER is the value of \"{label}:\" in lower case, all but letters and digits turned into one hyphen"),
        "month": ("FOLDER is year and month of the line \"{label}:\", like 2020-12", "the line \"{label}:\" gives FOLDER: its year and month, such as 2020-12", "FOLDER stands for the month in \"{label}:\", in the form YYYY-MM"),
    }[by]  # fmt: skip
    said = draft.phrase(f"folder {by}", where, label=labels[0] if by == "kind" else labels[1])
    named = draft.phrase(f"name {renamed}", (
        "NAME is the value of the line \"{ref}:\" in lower case, with a hyphen for anything but letters and digits", "NAME is what \"{ref}:\" says, in lower case, other signs than letters and digits turned into one hyphen",
    ) if renamed else ("NAME is the name that the file has already, without .txt", "the file keeps its name as NAME"), ref=ref)  # fmt: skip
    draft.say("output", draft.phrase("filing", (
        "Copy each file from {inbox}, its text unchanged, to {target}/FOLDER/NAME.txt: {folder}; {named}. Only these .txt files may lie in folders of {target}.", "Every file of {inbox} gets an exact copy {target}/FOLDER/NAME.txt, where {folder}, and {named}. Put only these .txt files into folders of {target}.",
        "File a copy of each file in {inbox} under {target}/FOLDER/NAME.txt with its text as it is. Here {folder}; {named}. There may be only these .txt files in folders of {target}.",
    ), inbox=inbox, target=target, folder=said, named=named), {"do": "file copies", "path": target, "by": labels[0] if by == "kind" else labels[1], "how": by, **({"named by": ref} if renamed else {})})  # fmt: skip
    judge(draft, "copies_right", f"{filed} | all text({files}[[folder, name]]) == body", weight=4, partial=True)
    draft.formats_out.append("text files")
    if draw.chance(65):
        counts = let(draft, "per_folder", f"{filed} | group folder, papers = count() | sort folder")
        listing = deliver(
            draft,
            "listing",
            out_path(draft, draw.pick(("folders", "filing_list", "contents")), "csv"),
            "columns = [folder, papers]",
        )
        draft.say(
            "output",
            draft.phrase(
                "folder counts",
                (
                    "{File} says how many papers each folder got (columns folder and papers), sorted by folder.",
                    "List the folders in {file} with the columns folder and papers (how many), sorted by folder.",
                    "Also write {file}, sorted by folder: folder and papers, the number of files in it.",
                ),
                file=hole(listing),
            ),
            {"do": "count by", "path": draft.places[listing], "by": "folder", "into": "papers", "dir": "key up"},
        )
        judge(draft, "listing_right", f"rows({listing}) == {counts}")
        draft.formats_out.append("csv")
    keep(draft)
    draft.admits.append(f"expect count({filed} | distinct folder) >= 2 and unique({filed}.name)")
    draft.operation("files.extract", "files.write")


def manifest(draft: Draft) -> None:
    """A folder held against the list of what is to lie there."""
    draw, domain = draft.draw, draft.domain
    stems = draw.sample(
        (
            *domain.files,
            *domain.results,
            "readme",
            "contract",
            "photo_list",
            "prices",
            "contacts",
            "letter",
            "terms",
            "minutes",
        ),
        draw.between(9, 11),
    )
    stems = list(dict.fromkeys(stems))
    folder = draw.pick(("handover", "delivery", "package", "upload", "backup"))
    records: list[str] = []
    for stem in stems[2:]:
        data = data_block(draft, f"{stem}_lines", draw.between(2, 4), (f"line = pick({texts(domain.note.phrases)})",))
        file = draft.name(f"in_{stem}")
        path = f"{folder}/{stem}.txt"
        draft.files.append(f'file {file} {quoted(path)} {{ content = join_text({data}.line, "\\n") + "\\n" }}')
        records.append(f"{{name: {quoted(f'{stem}.txt')}, lines: count(lines({file}))}}")
    present = let(draft, "present", f"table([{', '.join(records)}])")
    names = let(draft, "every_name", f"table({texts([f'{s}.txt' for s in draw.shuffled(stems)])})")
    size = draw.pick(("number_of_lines", "line_count", "length"))
    listed_count = len(stems) - draw.between(1, 2)
    data = data_block(
        draft, "manifest", listed_count, (f"name = pick({names}.value)", f"{size} = integer_between(2, 4)"), "name"
    )
    table = table_input(
        draft,
        data,
        (column("name", "id"), column(size, "amount", "number")),
        draw.pick(("manifest", "packing_list", "contents_list")),
        "file",
        ("csv", "json", "markdown", "yaml", "tsv"),
        draw.pick(("lists", "papers", domain.folders[0])),
    )
    draft.say(
        "source",
        draft.phrase(
            "manifest",
            (
                "{File} lists what belongs in the folder {folder}: name and, as {size}, the number of lines.",
                "The folder is {folder}, and {file} says which files are to lie there, each with its number of lines ({size}).",
                "Hold the folder {folder} against {file} (name and {size}, the number of lines).",
            ),
            file=hole(table.file),
            folder=folder,
            size=size,
        ),
        {"do": "read", "path": folder, "format": "text"},
    )
    word = draw.pick(("finding", "state", "problem"))
    a, b, c = draw.pick(
        (
            ("missing", "unexpected", "changed"),
            ("not there", "not listed", "other length"),
            ("absent", "extra", "differs"),
        )
    )
    found = let(
        draft,
        "found",
        f'union(({table.rows} | anti_join {present} on name | select name, {word} = "{a}"), ({present} | anti_join {table.rows} on name | select name, {word} = "{b}"), ({table.rows} | join ({present} | select name, real = lines) on name | where {size} != real | select name, {word} = "{c}"))',
    )
    draft.say("rule", draft.phrase("manifest rules", (
        "A file of the list that is not in the folder is \"{a}\", one in the folder that is not on the list \"{b}\", and one whose number of lines is not {size} \"{c}\". List name and {word} of each of these.",
        "Write name and {word}: \"{a}\" for what the folder lacks, \"{b}\" for what the list lacks, \"{c}\" where the number of lines is another one than {size}. Files without fault are left out.",
        "Report every fault as name and {word}. It is \"{a}\" if there is no such file, \"{b}\" if nobody listed it, and \"{c}\" if it has another number of lines than {size} says.",
    ), a=a, b=b, c=c, size=size, word=word), {"do": "manifest", "folder": folder, "on": "name", "column": size, "into": word, "names": [a, b, c]})  # fmt: skip
    rows = State(
        found, "fault", "faults", (column("name", "id"), column(word, "class")), draw.pick((("name",), (word, "name")))
    )
    rows = take(draft, rows, "order", ("by_key",))
    outputs.table_file(draft, rows)
    if draw.chance(60):
        figures_file(draft, [
            Figure("listed", f"count({table.rows})", "how many files the list has", {"how": "count listed"}), Figure("in_folder", f"count({present})", "how many files are in the folder", {"how": "count present"}), Figure("faults", f"count({found})", "the number of faults", {"how": "count"}),
        ], ("summary", "check_result", "counts"))  # fmt: skip
    keep(draft)
    draft.formats_in.append("text files")
    draft.admits.append(
        f'expect count({found} | where {word} == "{c}") >= 2 and count({found} | where {word} == "{a}") >= 1 and count({found}) < {len(stems) + 2}'
    )
    draft.operation("files.inspect", "data.join", "files.write")


ARCHETYPES = (
    Archetype("file_sorting", ("office.documents", "automation.routing"), (
        "Our papers lie in one big pile.", "Please file the papers about {many}.", "The scanner puts everything into one folder.", "Sort the files for me.", "I want to find our papers again.", "Before {purpose} the papers need filing.", "Put the files where they belong.", "Nobody has filed anything for weeks.",
    ), file_sorting, "Papers filed"),
    Archetype("manifest", ("automation.inspection", "systems.inspection", "office.documents"), (
        "A delivery of files came in; is it complete?", "Please check a folder against its list.", "Is everything there?", "Before {purpose} I want to know that no file is missing.", "We got a package of files from {scene}.", "Compare the folder with the list of contents.", "The handover folder looks odd.", "Something is missing in the folder, I think.",
    ), manifest, "A folder and its list"),
)  # fmt: skip
