"""RMCP+ sessions of the simulated controller, with what real controllers refuse: cipher suites, levels, names.

pyghmi's own server speaks suite 3 alone, gives every user ADMINISTRATOR and is silent where it should refuse.
Numbers are those of IPMI 2.0: status codes of table 13-15, algorithms of tables 13-17 and 13-18, suites of 22-20.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from dataclasses import dataclass
from typing import Any

from pyghmi.ipmi.private import constants
from pyghmi.ipmi.private.serversession import ServerSession

NO_SUITE, LEVEL_REFUSED, LEVEL_EXCEEDS = 0x11, 0x0A, 0x81
OPERATOR, ADMINISTRATOR = 3, 4


@dataclass(frozen=True)
class Suite:
    """Algorithms of a cipher suite: numbers for the wire, the hash, and how much of it proves a packet."""

    authentication: int
    integrity: int
    hash: Any
    proof: int


SUITES = {3: Suite(1, 1, hashlib.sha1, 12), 17: Suite(3, 4, hashlib.sha256, 16)}


@dataclass(frozen=True)
class Manners:
    """What a controller refuses. `level` is the highest that its users have; `refused_at` says when they are told:
    'rakp' while the session is made, 'session' when the level is set, 'verb' when they use it."""

    suites: tuple[int, ...] = (3,)
    level: int = ADMINISTRATOR
    refused_at: str = "rakp"


class PoliteSession(ServerSession):  # type: ignore[misc]
    """One client's session with a controller that has `manners`."""

    suite = SUITES[3]
    kg: Any  # bytes, or None until the first message

    def create_open_session_response(self, request: bytearray) -> bytearray:
        """The suite that the client proposes, or a refusal."""
        tag, self.clientsessionid = request[0], request[4:8]
        asked = (request[12], request[20])
        self.managedsessionid, self.privlevel = os.urandom(4), ADMINISTRATOR
        chosen = [SUITES[n] for n in self.bmc.manners.suites]
        found = [s for s in chosen if asked == (s.authentication, s.integrity)]
        if not found:
            return bytearray([tag, NO_SUITE, 0, 0]) + self.clientsessionid
        self.suite = found[0]
        self.currhashlib, self.currhashlen = self.suite.hash, self.suite.proof
        return (
            bytearray([tag, 0, self.privlevel, 0])
            + self.clientsessionid
            + self.managedsessionid
            + bytearray(
                [
                    0,
                    0,
                    0,
                    8,
                    self.suite.authentication,
                    0,
                    0,
                    0,
                    1,
                    0,
                    0,
                    8,
                    self.suite.integrity,
                    0,
                    0,
                    0,
                    2,
                    0,
                    0,
                    8,
                    1,
                    0,
                    0,
                    0,
                ]
            )
        )

    def _got_rakp1(self, data: bytearray) -> None:
        self.Rm, self.rolem, self.username = data[8:24], data[24], bytes(data[28:])
        self.maxpriv = min(self.rolem & 0b111, self.bmc.manners.level)
        name = self.username.decode("utf-8", "replace")
        if name not in self.authdata:
            return  # as many do: whoever has no name hears nothing
        if self.rolem & 0b111 > self.bmc.manners.level and self.bmc.manners.refused_at == "rakp":
            self._say(bytearray([data[0], LEVEL_REFUSED, 0, 0]) + self.clientsessionid, "rakp2")
            return
        self.uuiddata, self.Rc = self.uuid.bytes, os.urandom(16)
        self.kuid = self.authdata[name].encode()
        self.kg = self.kg or self.kuid
        proved = self.clientsessionid + self.managedsessionid + self.Rm + self.Rc + self.uuiddata + self._role()
        self._say(
            bytearray([data[0], 0, 0, 0])
            + self.clientsessionid
            + self.Rc
            + self.uuiddata
            + self._hmac(self.kuid, bytes(proved)),
            "rakp2",
        )

    def _got_rakp3(self, data: bytearray) -> None:
        self.sik = self._hmac(self.kg, bytes(self.Rm + self.Rc) + self._role())
        self.k1, self.k2 = self._hmac(self.sik, b"\x01" * 20), self._hmac(self.sik, b"\x02" * 20)
        self.aeskey = self.k2[:16]
        if data[1] or bytes(data[8:]) != self._hmac(self.kuid, bytes(self.Rc + self.clientsessionid) + self._role()):
            return
        self.localsid = struct.unpack("<I", self.managedsessionid)[0]
        self.ipmicallback = self.handle_client_request
        self._send_rakp4(data[0], 0)

    def _send_rakp4(self, tagvalue: int, statuscode: int) -> None:
        proof = self._hmac(self.sik, bytes(self.Rm + self.managedsessionid + self.uuiddata))[: self.suite.proof]
        self._say(bytearray([tagvalue, statuscode, 0, 0]) + self.clientsessionid + proof, "rakp4")
        self.confalgo, self.integrityalgo, self.sequencenumber = "aes", "agreed", 1
        self.sessionid = struct.unpack("<I", bytes(self.clientsessionid))[0]

    def handle_client_request(self, request: dict[str, Any]) -> None:
        """What comes inside the session."""
        if request["netfn"] == 6 and request["command"] == 0x3B:
            wanted = request["data"][0]
            refused = wanted > self.maxpriv and self.bmc.manners.refused_at != "verb"
            self._send_ipmi_net_payload(code=LEVEL_EXCEEDS if refused else 0, data=[] if refused else [wanted])
            return
        super().handle_client_request(request)

    def _role(self) -> bytes:
        return struct.pack("2B", self.rolem, len(self.username)) + self.username

    def _hmac(self, key: bytes, data: bytes) -> bytes:
        return hmac.new(key, data, self.suite.hash).digest()

    def _say(self, payload: bytearray, kind: str) -> None:
        self.send_payload(payload, constants.payload_types[kind], retry=False)
