"""ASP.NET route templates: `documents/{id:int}/{*rest}` (ASP.NET Core: routing reference)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote
from uuid import UUID

from emulator.functions_host.errors import StartError

_PARAMETER = re.compile(r"\{(\*{0,2})([A-Za-z_]\w*)((?::[^:=?{}()]+(?:\((?:[^()]|\([^()]*\))*\))?)*)(=[^{}?]*)?(\?)?\}")
_CONSTRAINT = re.compile(r":([a-z]+)(?:\(((?:[^()]|\([^()]*\))*)\))?", re.IGNORECASE)
_TRUE_WHEN_PARSED: dict[str, Callable[[str], object]] = {
    "decimal": float, "double": float, "float": float, "guid": UUID,
}  # fmt: skip
_WHOLE = {"int": 31, "long": 63}

type Check = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A `{name}` of a template. `default` stands in when the segment is missing; a catch-all takes the rest."""

    name: str
    checks: Sequence[Check]
    optional: bool
    default: str | None
    catch_all: bool


@dataclass(frozen=True, slots=True)
class Segment:
    """One part between slashes: a literal text, a parameter, or (as a pattern) a mix of both."""

    literal: str = ""
    pattern: re.Pattern[str] | None = None
    parameters: Sequence[Parameter] = ()

    @property
    def rank(self) -> int:
        """Where it stands when several routes match: literals first, a catch-all last."""
        if not self.parameters:
            return 0
        parameter = self.parameters[0]
        if parameter.catch_all:
            return 5 - bool(parameter.checks)
        if self.literal or len(self.parameters) > 1:
            return 1
        return 3 - bool(parameter.checks)


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template."""

    text: str
    segments: Sequence[Segment]

    @property
    def rank(self) -> tuple[int, ...]:
        """Sort key: the lower one wins where two templates match."""
        return tuple(segment.rank for segment in self.segments)

    def match(self, path: str) -> dict[str, str] | None:
        """Match a raw (still quoted) path without its leading slash; give the parameters, or None."""
        parts = path.split("/") if path else []
        if parts and parts[-1] == "":
            parts.pop()
        values: dict[str, str] = {}
        for index, segment in enumerate(self.segments):
            last = segment.parameters[0] if segment.parameters else None
            if last and last.catch_all:
                rest = "/".join(_unquoted(part) for part in parts[index:]) or last.default or ""
                return values | {last.name: rest} if all(check(rest) for check in last.checks) else None
            if index >= len(parts):
                if last is None or not (last.optional or last.default is not None):
                    return None
                if last.default is not None:
                    values[last.name] = last.default
                continue
            found = _match_segment(segment, _unquoted(parts[index]))
            if found is None:
                return None
            values |= found
        return values if len(parts) <= len(self.segments) else None


def parse_template(text: str) -> Template:
    """Parse a route template. Raises StartError when it is not one, or names an unknown constraint."""
    stripped = text.strip("/")
    parts = _split(stripped) if stripped else []
    segments = [_segment(part, text) for part in parts]
    for segment in segments[:-1]:
        if any(parameter.catch_all for parameter in segment.parameters):
            raise StartError(f"the route {text!r} has a catch-all before its end")
    return Template(stripped, segments)


def _split(text: str) -> list[str]:
    """Split at slashes that are not inside braces, where a constraint may hold one."""
    parts, depth = [""], 0
    for character in text:
        depth += (character == "{") - (character == "}")
        if character == "/" and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _segment(part: str, route: str) -> Segment:
    if not part:
        raise StartError(f"the route {route!r} has an empty part")
    parameters: list[Parameter] = []
    pattern, literal, end = "", "", 0
    for match in _PARAMETER.finditer(part):
        between = part[end : match.start()]
        literal += between
        pattern += re.escape(between) + "(.+?)"
        end = match.end()
        parameters.append(_parameter(match, route))
    literal += part[end:]
    if "{" in literal or "}" in literal:
        raise StartError(f"the route {route!r} cannot be read at {part!r}")
    if not parameters:
        return Segment(literal=literal)
    if (literal or len(parameters) > 1) and any(parameter.catch_all for parameter in parameters):
        raise StartError(f"the route {route!r} mixes a catch-all with text")
    return Segment(literal, re.compile(pattern + re.escape(part[end:]), re.IGNORECASE | re.DOTALL), parameters)


def _parameter(match: re.Match[str], route: str) -> Parameter:
    checks = [_check(name.lower(), argument, route) for name, argument in _CONSTRAINT.findall(match[3])]
    default = match[4][1:] if match[4] else None
    return Parameter(match[2], checks, bool(match[5]), default, bool(match[1]))


def _match_segment(segment: Segment, text: str) -> dict[str, str] | None:
    if segment.pattern is None:
        return {} if segment.literal.lower() == text.lower() else None
    found = segment.pattern.fullmatch(text)
    if not found:
        return None
    pairs = list(zip(segment.parameters, found.groups(), strict=True))
    if not all(check(value) for parameter, value in pairs for check in parameter.checks):
        return None
    return {parameter.name: value for parameter, value in pairs}


def _check(name: str, argument: str, route: str) -> Check:
    try:
        if name in _WHOLE:
            return lambda text: _is_whole(text, _WHOLE[name])
        if name in _TRUE_WHEN_PARSED:
            return lambda text: _parses(_TRUE_WHEN_PARSED[name], text)
        if name == "bool":
            return lambda text: text.lower() in ("true", "false")
        if name == "alpha":
            return lambda text: re.fullmatch("[A-Za-z]*", text) is not None
        if name == "required":
            return bool
        if name == "regex":
            expression = re.compile(argument.replace("{{", "{").replace("}}", "}"), re.IGNORECASE)
            return lambda text: expression.search(text) is not None
        numbers = [int(part) for part in argument.split(",")]
        match name, numbers:
            case ("min", [least]):
                return lambda text: _is_whole(text, 63) and int(text) >= least
            case ("max", [most]):
                return lambda text: _is_whole(text, 63) and int(text) <= most
            case ("range", [least, most]):
                return lambda text: _is_whole(text, 63) and least <= int(text) <= most
            case ("minlength", [least]):
                return lambda text: len(text) >= least
            case ("maxlength", [most]):
                return lambda text: len(text) <= most
            case ("length", [exact]):
                return lambda text: len(text) == exact
            case ("length", [least, most]):
                return lambda text: least <= len(text) <= most
    except (ValueError, re.error) as error:
        raise StartError(f"the route {route!r} has a bad constraint {name}({argument}): {error}") from None
    raise StartError(f"the route {route!r} has an unknown constraint {name!r}")


def _is_whole(text: str, bits: int) -> bool:
    return re.fullmatch(r"\s*[+-]?\d+\s*", text, re.ASCII) is not None and -(2**bits) <= int(text) < 2**bits


def _parses(parser: Callable[[str], object], text: str) -> bool:
    try:
        parser(text)
    except ValueError:
        return False
    return True


def _unquoted(part: str) -> str:
    # ASP.NET leaves an encoded slash alone, so that it cannot become a separator.
    return "%2F".join(unquote(piece) for piece in re.split("%2[Ff]", part))
