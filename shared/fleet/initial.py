"""Writes a first `fleet.toml` from what the tenant has and what is published. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, count
from typing import Any

from shared.fleet.catalog_document import plain
from shared.fleet.model import Device, Fleet, Share, VirtualPrinter, folded
from shared.fleet.printer_words import CAPABILITIES, DEFAULTS, Form, problems_of
from shared.fleet.tenant import Json, Tenant, TenantShare
from shared.fleet.toml_text import toml_key, toml_lines, toml_value

_HEAD = """\
#:schema ./docs/fleet.schema.json
# What this tenant should be. `printops plan` shows what would change, `printops apply` does it.
# What is not written here stays as it is; nothing is removed unless it says state = "absent".
# Every section and word: docs/fleet.md
"""
_SUGGESTED_DEFINITION = """\
# What triggers start. Needed to hold jobs until their owners come to a printer.
# [task_definition]
# name = "Follow me"
"""
_SUGGESTED_VIRTUAL = """\
# A printer without a device, whose jobs wait for a kiosk. Take the # away to make one.
# [[virtual_printers]]
# name = "Follow me"
# capabilities = { contentTypes = ["application/pdf"], colorModes = ["color", "grayscale"] }
# defaults = { colorMode = "grayscale" }
"""
_SUGGESTED_SHARE = """\
# What people print to, and the folder of print-inbox that prints there.
# [[shares]]
# name = "Follow me"
# alias = "follow-me"
# printer = "Follow me"
# everyone = true           # or users = ["ada@contoso.example"], groups = ["Staff"]
"""


def whole_fleet(printers: Iterable[Json], shares: Iterable[Json]) -> Fleet:
    """A fleet that names every printer and share, so that a reading of it is a reading of all."""
    virtual, devices = [], []
    for printer in printers:
        name, printer_id = str(printer["displayName"]), str(printer["id"])
        if printer.get("hasPhysicalDevice") is False:
            virtual.append(VirtualPrinter(name, printer_id))
        else:
            devices.append(Device(name, printer_id))
    named = tuple(Share(str(share["displayName"]), None, str(share["id"])) for share in shares)
    return Fleet(virtual_printers=tuple(virtual), printers=tuple(devices), shares=named)


def first_fleet(tenant: Tenant) -> str:
    """The text of the file. `tenant` was read with `whole_fleet`.

    Where a catalog is published, the file is what it says: other printers and shares are named in comments alone.
    """
    return "\n".join(_Writer(tenant).blocks())


class _Writer:
    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._catalog: Json = tenant.catalog or {}
        names = Counter(folded(str(printer["displayName"])) for printer in tenant.printers)
        own = [printer for printer in tenant.printers if _writable(str(printer["displayName"]), names)]
        self._printers = self._chosen(own, "printers", lambda printer: str(printer["id"]))
        self._names = {str(printer["id"]): str(printer["displayName"]) for printer in self._printers}
        names = Counter(folded(share.name) for share in tenant.shares)
        shares = [one for one in tenant.shares if one.printer_id in self._names and _writable(one.name, names)]
        self._shares = self._chosen(shares, "shares", lambda share: share.id)
        self._aliases = self._named_folders()
        self._profiles = self._named_profiles()

    def _chosen(self, all_of_them: Iterable[Any], section: str, id_of: Any) -> list[Any]:
        """Those in the catalog in its order, or all where none is published that can be read."""
        if not self._catalog:
            return list(all_of_them)
        order = [entry["id"] for entry in self._catalog.get(section) or ()]
        return sorted((one for one in all_of_them if id_of(one) in order), key=lambda one: order.index(id_of(one)))

    def blocks(self) -> Iterator[str]:
        yield _HEAD
        if (conversion := self._tenant.settings.get("documentConversionEnabled")) is not None:
            yield _block("[settings]", {"document_conversion": conversion})
        yield from self._definition()
        yield from self._virtual_printers()
        yield from self._devices()
        for name, profile in self._profiles.items():
            yield _block(f"[profiles.{toml_key(name)}]", profile)
        if not self._shares:
            yield _SUGGESTED_SHARE
        for share in self._shares:
            # Names of groups are not unique, so the file has ids.
            groups = sorted(self._tenant.names.get(one, one) for one in share.groups)
            told = f"# its groups are {', '.join(toml_value(name) for name in groups)}\n" if groups else ""
            yield told + _block("[[shares]]", self._share(share))
        yield from self._left_out("Other shares of the tenant", self._tenant.shares, self._shares, lambda one: one.name)
        yield from self._functions_parts()

    def _definition(self) -> Iterator[str]:
        definition = self._used_definition()
        if definition is None:
            yield _SUGGESTED_DEFINITION
        else:
            yield _block("[task_definition]", {"name": definition["displayName"]})

    def _used_definition(self) -> Json | None:
        published = self._catalog.get("taskDefinitionId")
        chosen = [entry for entry in self._tenant.definitions if entry["id"] == published]
        return next(iter((*chosen, *self._tenant.definitions)), None)

    def _virtual_printers(self) -> Iterator[str]:
        virtual = [printer for printer in self._printers if printer.get("hasPhysicalDevice") is False]
        if not virtual:
            yield _SUGGESTED_VIRTUAL
        for printer in virtual:
            values: dict[str, Any] = {"name": printer["displayName"]}
            if printer.get("isAcceptingJobs") is not True:
                values["accepting_jobs"] = False
            if self._used_definition() is not None and printer["id"] not in self._tenant.triggers:
                values["trigger"] = False
            unsaid: list[str] = []
            for name, forms in (("capabilities", CAPABILITIES), ("defaults", DEFAULTS)):
                values[name] = _sayable(name, printer, forms, unsaid)
            values["location"] = plain(printer.get("location")) or None
            told = f"# {', '.join(unsaid)} are left as they are: they have values that this release does not know\n"
            yield (told if unsaid else "") + _block("[[virtual_printers]]", values)

    def _devices(self) -> Iterator[str]:
        for printer in self._printers:
            if printer.get("hasPhysicalDevice") is not False:
                values: dict[str, Any] = {"name": printer["displayName"]}
                if self._used_definition() is not None and printer["id"] in self._tenant.triggers:
                    values["trigger"] = True
                values["location"] = plain(printer.get("location")) or None
                yield _block("[[printers]]", values)
        all_printers = self._tenant.printers
        yield from self._left_out(
            "Other printers of the tenant", all_printers, self._printers, lambda one: str(one["displayName"])
        )

    def _share(self, share: TenantShare) -> dict[str, Any]:
        published = self._published_share(share)
        alias = self._aliases[share.id]
        return {
            "name": share.name,
            "alias": alias if alias != share.name.strip() else None,
            "printer": self._names[str(share.printer_id)],
            "everyone": share.everyone or None,
            "users": sorted(self._tenant.names.get(one, one) for one in share.users) or None,
            "groups": sorted(share.groups) or None,
            "profile": self._profile_of(published),
            "paused": published.get("paused"),
            "accounts": published.get("accounts"),
        }

    def _published_share(self, share: TenantShare) -> Json:
        entries: Iterable[Json] = self._catalog.get("shares") or ()
        return next((entry for entry in entries if entry["id"] == share.id), {})

    def _named_folders(self) -> dict[str, str]:
        """The alias of each share by its id: as published, else its name as far as that can be a folder's."""
        named: dict[str, str] = {}
        for share in self._shares:
            wanted = self._published_share(share).get("alias") or share.name.strip().replace("/", "-")
            taken = {folded(alias) for alias in named.values()} | {".", ".."}
            wished = chain((wanted,), (f"{wanted} {number}" for number in count(2)))
            named[share.id] = next(alias for alias in wished if folded(alias) not in taken)
        return named

    def _named_profiles(self) -> dict[str, Json]:
        named: dict[str, Json] = {}
        for share in self._shares:
            published = self._published_share(share)
            profile = published.get("profile")
            if profile and profile not in named.values():
                named[str(published.get("alias") or share.name)] = profile
        return named

    def _profile_of(self, published: Json) -> str | None:
        profile = published.get("profile")
        return next((name for name, known in self._profiles.items() if known == profile), None) if profile else None

    def _left_out(self, what: str, all_of_them: Iterable[Any], chosen: list[Any], name_of: Any) -> Iterator[str]:
        names = [name_of(one) for one in all_of_them if one not in chosen]
        if names:
            yield f"# {what}, not in this file: {', '.join(toml_value(name) for name in names)}\n"

    def _functions_parts(self) -> Iterator[str]:
        """What only the catalog knows."""
        for group in self._catalog.get("printerGroups") or ():
            printers = [self._names.get(one, one) for one in group["printerIds"]]
            yield _block("[[printer_groups]]", {"name": group["name"], "printers": printers})
        for rule in self._catalog.get("policies") or ():
            yield _block("[[policies]]", rule)
        for entry in self._catalog.get("delegates") or ():
            yield _block("[[delegates]]", {name: value for name, value in entry.items() if name != "ownerId"})
        prices = self._catalog.get("priceList")
        if prices:
            own = [
                {"printer": self._names.get(one["printerId"]), **_without(one, "printerId")}
                for one in prices.get("printers") or ()
            ]
            yield _block("[price_list]", {**prices, **({"printers": own} if own else {})})
        for center in self._catalog.get("costCenters") or ():
            yield _block("[[cost_centers]]", _without(center, "members"))
        pool = self._catalog.get("licencePool")
        if pool:
            yield _block("[licence_pool]", {"jobs_per_month": pool["jobsPerMonth"]})


def _sayable(name: str, printer: Json, forms: Mapping[str, Form], unsaid: list[str]) -> dict[str, Any] | None:
    """The members that the file may have; the names of the others are added to `unsaid`."""
    said = {}
    for word, given in plain(printer.get(name)).items():
        value = plain(given) if isinstance(given, Mapping) else given
        if any(problems_of(name, {word: value}, forms)):
            unsaid.append(f"{name}.{word}")
        else:
            said[word] = value
    return said or None


def _writable(name: str, names: Mapping[str, int]) -> bool:
    """Whether the name says which one is meant, and can stand in the file."""
    return names[folded(name)] == 1 and name.isprintable() and bool(name.strip())


def _without(values: Json, name: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != name}


def _block(head: str, values: Mapping[str, Any]) -> str:
    return "\n".join((head, *toml_lines(values), ""))
