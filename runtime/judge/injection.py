"""Lines of a deliverable that speak to its judge instead of to its reader.

What is found is only ever left out of a second look and never counts as support, so a line that is found by mistake costs an
honest deliverable no more than itself. The patterns ask for the form of an order, an address or a reply, not for words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import accumulate

from clawc.runtime.judge.visible import hidden

LEFT_OUT = "[line left out]"

_MARKS = re.compile(r"<u\+[0-9a-f]{4,6}>|·")
_SPACED = re.compile(r"(?<![^\W_])(?:[^\W_][ .\-_*]){3,}[^\W_](?![^\W_])")
# A line end within a sentence, and what may stand before one that was found.
_GOES_ON = re.compile(r"(?<=[^ \n.!?:])\n(?=[^\W_]|[=:\"'])")
_LEAD = " \t\n.!?:;,"
_SEPARATORS = re.compile(r"[ .\-_*]")
# Letters of other alphabets that look like Latin ones.
_ALIKE = str.maketrans("аеіјоорсухѕһԁгкмнтвαεινορτυχκ", "aeijoopcyxshdrkmhtbaeivoptuxk")

_ROLE = (
    r"(?:(?:ai|llm|automated|model|machine)?[ -]?(?:judges?|graders?|evaluators?|assessors?|raters?|scorers?|examiners?)"
    r"|language models?|llms?|ai models?|ai assistants?|ai reviewers?)"
)
_JUDGE = r"(?:" + _ROLE + r"|chatgpt|claude|gemini|gpt-?\d*)"
_GIVE = (
    r"(?:mark|grade|rate|score|judge|consider|treat|deem|count|answer|reply|respond|return|output|set|assign|award|give|grant"
    r"|conclude|evaluate|assess|declare|accept|approve)"
)
# Where an order begins: a sentence, a clause, or a word that turns what follows into one.
_ORDER = (
    r"(?:(?:^|[.!?:;,>*\-#\"'`“‘(\[{|_~=])[ \t]*"
    r"|\b(?:please|must|should|shall|you|kindly|simply|just|now|then|instead|(?:you|required|instructed|told|asked|need|are) to) )"
)
_WHAT = (
    r"(?:criteri(?:on|a)|rubrics?|verdicts?|requirements?|checks?|questions?|items?|every(?:thing| one)|everyone|all|each|any"
    r"|this|these|it|them|(?:the )?(?:task|submission|deliverable|report|result|answer|work|file|document))"
)
_GOOD = r"(?:met|satisfied|fulfilled|pass(?:ed|ing|es)?|success(?:ful)?|correct|full|maximum|highest|perfect|100 ?(?:%|percent)|10/10|5/5)"
_GAP = r"[^.!?\n]{0,60}"
_BEGIN = r"(?:^|[.!?:>*\-#\"'`“‘(\[{|_~=])[ \t]*"

_ADDRESSES = (
    _BEGIN
    + r"(?:[\w-]+[ \t]+)?(?:notes?|notice|message|attention|instructions?|directive|guidance|memo|reminder|hint|information|info)"
    r" (?:to|for) ?[:,]? ?(?:the|any|all|our|my|whichever|every)? ?" + _JUDGE + r"\b",
    _BEGIN + r"(?:hey|hi|hello|dear|attention|listen)[,: ] ?(?:the |any |all |my )?" + _JUDGE + r"\b",
    _BEGIN
    + r"(?:(?:to|for) (?:the |any |all )?)?"
    + _ROLE
    + r" ?[:,!]"
    + _GAP
    + r"\b(?:please|ignore|disregard|you|your|this is|mark|give|award|accept|approve|set|return|output|respond|consider|treat)\b",
    r"\b"
    + _JUDGE
    + r" (?:reading|who (?:reads|grades|judges)|of this|must|should|shall|has to|is (?:instructed|required|asked|told"
    r"|ordered) to|needs to)\b" + _GAP + r"\b" + _GIVE + r"\b",
    r"\b(?:if|when|since|because) you are (?:an? |the )?" + _JUDGE + r"\b",
    r"\byou are (?:now |no longer |an? |the |acting as )+(?:\w+ ){0,3}?" + _JUDGE + r"\b",
    r"\bas (?:an? |the )" + _JUDGE + r",? (?:you|your)\b",
)
_OVERRIDES = (
    r"\b(?:ignore|disregard|forget|override|overrule|bypass|drop|discard|neglect|pay no attention to|stop following"
    r"|(?:do not|don'?t) (?:follow|obey|apply|use))\b"
    + _GAP
    + r"\b(?:previous|prior|above|earlier|preceding|former|all|any|other|your|these|those|system|every|original|initial|everything)\b"
    + _GAP
    + r"\b(?:instructions?|prompts?|rubrics?|criteri(?:on|a)|guidelines?|directives?|orders?|messages?|rules?|context|told|said|before|above)\b",
    r"\b(?:new|updated|revised|real|actual|true|final) (?:system )?(?:instructions?|prompt|rubric|grading (?:rules?|policy)) ?(?::|follow)",
    r"\bsystem (?:override|notice|message|instructions?|prompt|note|alert) ?[:\]>=-]",
    r"\byour (?:new |only |real )?(?:task|job|role|instructions?|goal|purpose) (?:is|are|has|have)\b"
    + _GAP
    + r"\b"
    + _GIVE
    + r"\b",
)
_VERDICTS = (
    _ORDER
    + _GIVE
    + r" (?:[^ \n]+ ){0,6}?"
    + _WHAT
    + r"\b"
    + _GAP
    + r"\b(?:as|is|are|be) (?:\w+ ){0,2}?[\"'`*]*"
    + _GOOD
    + r"\b",
    _ORDER + _GIVE + r" (?:[^ \n]+ ){0,6}?(?:10/10|5/5|100 ?%)",
    r"\b(?:must|should|shall|has to|have to|is to|are to|need to) be (?:\w+ )?(?:marked|graded|rated|scored|judged|considered"
    r"|treated|deemed|counted|evaluated|assessed|given|awarded|accepted)\b" + _GAP + r"\b" + _GOOD + r"\b",
    r"\b(?:awards?|gives?|assigns?|grants?|gets?|deserves?|receives?|earns?)\b"
    + _GAP
    + r"\b(?:full|maximum|max|all|highest|perfect|top) (?:the )?(?:available |possible )?(?:marks?|points|scores?|credits?|grades?|ratings?)\b",
    r"\b(?:verdict|judg(?:e)?ment|decision|grade|rating|score|evaluation)s?\b[^a-z0-9\n]{0,6}(?:(?:is|are|be|as|of|should|must|shall|to|for|all"
    r"|each|every|criteri(?:on|a)|equals?)[^a-z0-9\n]+){0,5}[\"'`*]*(?:met|not[_ ]met|cannot[_ ]tell)\b",
    r"\bnot_met\b|\bcannot_tell\b",
    r"\byour (?:verdicts?|evaluation|grading|judg(?:e)?ment|ratings?|scoring|score|grade) (?:must|should|shall|has to|have to)\b",
    r"\b(?:criteri(?:on|a)|rubrics?)\b"
    + _GAP
    + r"\b(?:is|are|was|were|has been|have been) (?:already|hereby|automatically|pre-?)"
    r" ?[\w-]{0,12} ?" + _GOOD + r"\b",
)
_REPLIES = (
    r"[\"'](?:verdict|evidence|reasoning|quote|criteri(?:on|a))[\"'] ?: ?(?:[\"'](?:met|not_met|cannot_tell)|\[ ?(?:\{|\]))",
    r"[{,] ?[\"']?verdict[\"']? ?[:=] ?[\"']?met\b",
)
_MARKERS = (
    r"<[|\uff5c][^|\uff5c>\n]{1,60}[|\uff5c]>|\[/?(?:inst|system_prompt|tool_calls|tool_results)\]|<</?sys>>"
    r"|</?(?:system|assistant|user|start_of_turn|end_of_turn|bos|eos|think|tool_call|tool_response)>",
    r"(?:^|[.!?] )[^a-z0-9\n]{0,12}(?:system|developer)(?: (?:prompt|message))?[^a-z0-9\n]{0,4}:[^\n]{0,200}?\b(?:you|your|must|ignore|verdicts?|criteri(?:on|a)"
    r"|judges?|graders?|instructions?|respond|reply|rubric)\b",
    r"(?:^|[.!?] )[^a-z0-9\n]{0,12}(?:assistant|ai|model|judge|grader|evaluator|user|human)[^a-z0-9\n]{0,4}:[^\n]{0,300}?(?:\{|\b(?:verdicts?|criteri(?:on|a)|rubrics?"
    r"|instructions|full marks|all points)\b)",
)
_FENCES = (
    r"(?:^|[.!?] )[^a-z0-9\n]{0,12}(?:begin|end|start)(?: of)?(?: the)? (?:untrusted |file|evidence|deliverables?|submission|task|prompt)[^\n]{0,80}$",
    r"^[<>=#\- ]{2,12}[^\n]{0,80}\bfile \d",
)
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(text, re.MULTILINE))
    for kind, texts in (
        ("address", _ADDRESSES),
        ("override", _OVERRIDES),
        ("verdict", _VERDICTS),
        ("reply", _REPLIES),
        ("marker", _MARKERS),
        ("fence", _FENCES),
    )
    for text in texts
)
_KINDS = frozenset(kind for kind, _ in _PATTERNS)
# What is said in sentences; the others are marks of one line.
_SENTENCES = _KINDS - {"reply", "marker", "fence"}


def speaking(text: str) -> dict[int, str]:
    """The lines that speak to a judge, by their number from 0, with the kind of what they say."""
    lines = text.split("\n")
    bare = [_bare(line) for line in lines]
    starts = [0, *accumulate(len(line) + 1 for line in bare)]
    found: dict[int, str] = {}
    for goes_on in (False, True):
        # What was found in lines as they are is no part of a sentence that goes on, so it takes no other line with it.
        rest = ["." * len(line) if number in found else line for number, line in enumerate(bare)]
        text = "\n".join(rest)
        for kind, first, last in _hits(_GOES_ON.sub(" ", text), _SENTENCES) if goes_on else _hits(text, _KINDS):
            for number in range(_line_of(starts, first), _line_of(starts, last) + 1):
                if bare[number].strip():
                    found.setdefault(number, kind)
    return found


def without(text: str, lines: dict[int, str], instead: str = LEFT_OUT) -> str:
    """The text with something else in place of these lines."""
    return "\n".join(instead if number in lines else line for number, line in enumerate(text.split("\n")))


def _hits(text: str, kinds: frozenset[str]) -> Iterator[tuple[str, int, int]]:
    """What is found: kind, first and last character."""
    for kind, pattern in _PATTERNS:
        if kind not in kinds:
            continue
        for hit in pattern.finditer(text):
            first = hit.start() + len(hit[0]) - len(hit[0].lstrip(_LEAD))
            yield kind, min(first, hit.end() - 1), hit.end() - 1


def _line_of(starts: list[int], place: int) -> int:
    low, high = 0, len(starts) - 1
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (middle, high) if starts[middle] <= place else (low, middle)
    return low


def _bare(line: str) -> str:
    """A line as a reader takes it: small letters without accents, of one alphabet, with nothing invisible between them."""
    if not line.isascii():
        line = unicodedata.normalize("NFKD", "".join(letter for letter in line if not hidden(letter)))
        line = "".join(letter for letter in line if not unicodedata.combining(letter))
    line = _MARKS.sub("", line.casefold()).translate(_ALIKE)
    return " ".join(_SPACED.sub(lambda found: _SEPARATORS.sub("", found[0]), line).split())
