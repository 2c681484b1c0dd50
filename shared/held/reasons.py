"""The stable words for why a job came to something else than paper: the kiosk's page has a sentence for each."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """What a kiosk tells in the person's language. An outcome's code, or that of a held job's end, may be one too."""

    NOT_REACHED = "notReached"
    UNCLEAR = "unclear"
    SOMEBODY_FASTER = "somebodyFaster"
    NOT_HELD = "notHeld"
    PRINTER_UNKNOWN = "printerUnknown"
    CONTENT_TYPE_NOT_OFFERED = "contentTypeNotOffered"
    SETTING_NOT_OFFERED = "settingNotOffered"
    SETTING_INVALID = "settingInvalid"
    SENT_TO = "sentTo"
    ENDED_ELSEWHERE = "endedElsewhere"
    SERVICE_REFUSED = "serviceRefused"
    STILL_SENDING = "stillSending"
    NOT_YOURS = "notYours"
    DISCARDED = "discarded"
    DISCARDING = "discarding"
    EXPIRED = "expired"
    ABORTED = "aborted"
    CANCELED = "canceled"
    OUTCOME_UNKNOWN = "outcomeUnknown"
    TOOK_TOO_LONG = "tookTooLong"
    STOPPED = "stopped"
