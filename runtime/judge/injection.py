"""Lines of a deliverable that speak to its judge instead of to its reader.

What is found is only ever left out of a second look and never counts as support, so a line that is found by mistake costs an
honest deliverable no more than itself. The patterns ask for the form of an order, an address or a reply, not for words.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from clawc.runtime.judge.visible import hidden

LEFT_OUT = "[line left out]"

_MARKS = re.compile(r"<u\+[0-9a-f]{4,6}>|·")
_SPACED = re.compile(r"(?<![^\W_])(?:[^\W_][ .\-_*]){3,}[^\W_](?![^\W_])")
# A line end within a sentence, and what may stand before one that was found.
_GOES_ON = re.compile(r"(?<=[^ \n.!?:])\n(?=[^\W_]|[=:\"'])")
_LEAD = " \t\n.!?:;,"
# What marks a line as quoted or as a comment.
_QUOTE = re.compile(r"^\s*(?:(?:>|\||//) ?)+(?=[^\W_])")
_LONG = 400
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
    r"\bas (?:an? |the )(?:" + _JUDGE + r"|ai),? (?:you|your)\b",
    r"\b" + _ROLE + r"(?:'s)? (?:notes?|comments?|remarks?|verdict|decision) ?:",
    r"\b(?:to|for) (?:whoever|whomever|anyone|the (?:one|person|model|system|ai))(?: who| that)?(?: is)? (?:evaluat|grad|judg|scor|assess)\w+",
    r"(?:^|[.!?] )[^a-z0-9\n]{0,12}(?:assistant|ai|model) ?," + _GAP + r"\b(?:you (?:should|must)|verdict|output)\b",
)
_OVERRIDES = (
    r"\b(?:ignore|disregard|forget|override|overrule|bypass|drop|discard|neglect|pay no attention to|stop following"
    r"|(?:do not|don'?t) (?:follow|obey|apply|use))\b"
    + _GAP
    + r"\b(?:previous|prior|above|earlier|preceding|former|all|any|other|your|these|those|system|every|original|initial|everything)\b"
    + _GAP
    + r"\b(?:instructions?|prompts?|rubrics?|criteri(?:on|a)|guidelines?|directives?|orders?|messages?|rules?|context|told|said|before|above)\b",
    r"\b(?:new|updated|revised|real|actual|true|final) (?:system )?(?:instructions?|prompt|rubric|grading (?:rules?|policy)) ?(?::|follow)",
    r"\bnew (?:task|goal|objective|role) ?:|\bevidence (?:ends|stops|is over|is complete)\b",
    r"\b(?:grading|judging|scoring) (?:instructions?|guidelines?|policy|override)\b",
    r"\b(?:author|owner|designer|creator) of (?:this|the) (?:rubric|task|evaluation|test|benchmark)\b",
    r"\b(?:previous|prior|above|earlier|original) (?:prompt|instructions?|rubric|messages?) (?:was|were|is|are) (?:an? |only |just |now )*"
    r"(?:test|wrong|outdated|invalid|void|obsolete|cancel\w+|replaced|superseded)\b",
    r"\byou must (?:comply|obey|mark)\b",
    r"\b(?:begin|end|start) (?:of )?(?:the )?(?:system|hidden|secret) (?:prompt|message|instructions?)\b",
    r"\byour (?:new |only |real )?(?:task|job|role|instructions?|goal|purpose) (?:is|are|has|have)\b"
    + _GAP
    + r"\b"
    + _GIVE
    + r"\b",
)
# The same order in other languages, as `_bare` leaves them.
_OTHER_LANGUAGES = (
    r"\b(?:ignorier\w*|missachte\w*|vergiss|vergesse?t?|ignorez|ignore|oublie[zr]?|ne tenez pas compte|ignora\w*|ignore[ns]?|olvid\w+|omit\w+"
    r"|dimentica\w*|esque[cç]a\w*|desconsider\w+)\b"
    + _GAP
    + r"\b(?:anweisung\w*|instruktion\w*|vorgabe\w*|instructions|consignes|instruccion\w*|istruzion\w*|instruco\w*|orden\w*)\b",
    "(?:"
    + "|".join(word.translate(_ALIKE) for word in ("игнориру", "забудь", "не обраща"))
    + ")"
    + _GAP
    + "(?:"
    + "|".join(word.translate(_ALIKE) for word in ("инструкц", "указан", "правил"))
    + ")",
    r"(?:忽略|无视|忘记|無視)[^。！？\n]{0,20}(?:指令|指示|说明|规则|提示|命令)",
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
    _ORDER + _GIVE + r" (?:[^ \n]+ ){0,3}?" + _WHAT + r" (?:as )?[\"'`*]*met\b",
    _ORDER
    + r"(?:"
    + _GIVE
    + r"|say|print|choose|select)(?: with| as| only| just| verdicts?|:)* ?[\"'`*]*met\b(?=[\"'`*]*(?:[.,;!)}\]]|$| for\b| in all\b))",
    r"\bgive (?:this|it|me|us|(?:the|this) (?:submission|report|work|answer))\b"
    + _GAP
    + r"\b(?:passing|full|good|high|top|perfect|maximum) (?:scores?|grades?|marks?|ratings?|verdicts?|points)\b",
    r"\bevery (?:single )?criterion (?:is|was|has been) " + _GOOD + r"\b",
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
    r"\bsystem (?:override|notice|message|instructions?|prompt|note|alert) ?[:\]>=-]",
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
        ("override", _OVERRIDES + _OTHER_LANGUAGES),
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


class Span(NamedTuple):
    """What speaks to a judge: from `start` to before `end` of a text, all in line `line`, which counts from 1."""

    start: int
    end: int
    line: int
    kind: str


def speaking(text: str) -> tuple[Span, ...]:
    """The lines that speak to a judge, or parts of lines that are long, in order."""
    pieces = _pieces(text)
    bare = [_bare(text[piece.start : piece.end]) for piece in pieces]
    starts = [0, *accumulate(len(each) + 1 for each in bare)]
    found: dict[int, str] = {}
    for goes_on in (False, True):
        # What was found in lines as they are is no part of a sentence that goes on, so it takes no other line with it.
        rest = ["." * len(each) if number in found else each for number, each in enumerate(bare)]
        joined = "".join(
            each + (" " if number + 1 < len(pieces) and pieces[number + 1].line == piece.line else "\n")
            for number, (piece, each) in enumerate(zip(pieces, rest))
        )
        for kind, first, last in _hits(_GOES_ON.sub(" ", joined), _SENTENCES) if goes_on else _hits(joined, _KINDS):
            for number in range(bisect_right(starts, first) - 1, bisect_right(starts, last)):
                if number < len(bare) and bare[number]:
                    found.setdefault(number, kind)
    return tuple(Span(*pieces[number], found[number]) for number in sorted(found))


def without(text: str, spans: Sequence[Span], instead: str = LEFT_OUT) -> str:
    """The text with something else in place of these spans."""
    parts: list[str] = []
    at = 0
    for span in spans:
        parts += [text[at : span.start], instead]
        at = span.end
    return "".join([*parts, text[at:]])


class _Piece(NamedTuple):
    start: int
    end: int
    line: int


def _pieces(text: str) -> list[_Piece]:
    """The lines of a text; long ones are cut between words, so that not all of them is left out for a part."""
    found: list[_Piece] = []
    at = 0
    for number, line in enumerate(text.split("\n"), 1):
        end = at + len(line)
        while end - at > _LONG:
            cut = max(text.rfind(space, at + 1, at + _LONG) for space in " \t")
            cut = at + _LONG if cut < 0 else cut
            found.append(_Piece(at, cut, number))
            at = cut
        found.append(_Piece(at, end, number))
        at = end + 1
    return found


def _hits(text: str, kinds: frozenset[str]) -> Iterator[tuple[str, int, int]]:
    """What is found: kind, first and last character."""
    for kind, pattern in _PATTERNS:
        if kind not in kinds:
            continue
        for hit in pattern.finditer(text):
            first = hit.start() + len(hit[0]) - len(hit[0].lstrip(_LEAD))
            yield kind, min(first, hit.end() - 1), hit.end() - 1


def _bare(line: str) -> str:
    """A line as a reader takes it: small letters without accents, of one alphabet, with nothing invisible between them."""
    if not line.isascii():
        line = unicodedata.normalize("NFKD", "".join(letter for letter in line if not hidden(letter)))
        line = "".join(letter for letter in line if not unicodedata.combining(letter))
    line = _QUOTE.sub("", _MARKS.sub("", line.casefold()).translate(_ALIKE))
    return " ".join(_SPACED.sub(lambda found: _SEPARATORS.sub("", found[0]), line).split())
