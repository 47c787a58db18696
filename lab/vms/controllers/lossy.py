"""A wire that loses packets: a relay between clients and one UDP server."""

from __future__ import annotations

import select
import socket
import threading


class LossyWire:
    """Relays 127.0.0.1:`port` to `server`, and loses every `nth` packet, in both directions counted together."""

    def __init__(self, server: tuple[str, int], nth: int) -> None:
        self.server, self.nth, self.seen = server, nth, 0
        self.front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.front.bind(("127.0.0.1", 0))
        self.port = self.front.getsockname()[1]
        self.backs: dict[tuple[str, int], socket.socket] = {}
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._relay, daemon=True)
        self.thread.start()

    def _lost(self) -> bool:
        self.seen += 1
        return self.seen % self.nth == 0

    def _relay(self) -> None:
        while not self.over.is_set():
            clients = {back: client for client, back in self.backs.items()}
            ready, _, _ = select.select([self.front, *clients], [], [], 0.2)
            for sock in ready:
                packet, sender = sock.recvfrom(4096)
                if self._lost():
                    continue
                if sock is self.front:
                    self._back(sender).sendto(packet, self.server)
                else:
                    self.front.sendto(packet, clients[sock])

    def _back(self, client: tuple[str, int]) -> socket.socket:
        if client not in self.backs:
            self.backs[client] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        return self.backs[client]

    def close(self) -> None:
        """End the relay."""
        self.over.set()
        self.thread.join()
        for sock in (self.front, *self.backs.values()):
            sock.close()
